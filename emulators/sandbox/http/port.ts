import { badRequest } from "../errors";

export function parsePort(text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw badRequest(`${text} is not a port`);
  }
  return port;
}
