export {
  AUDIENCE,
  createIdentity,
  ISSUER,
  type Identity,
  type IdentityOptions,
} from "./server";
