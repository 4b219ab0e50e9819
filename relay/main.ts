import { OptionError, readOptions } from "./options";
import { createRelay } from "./server";

/**
 * The relay's process. Prints one line of JSON when it serves; addresses, which
 * may hold a ticket, are never printed.
 */
try {
  const relay = createRelay(readOptions(process.env, process.argv.slice(2)));
  const stop = async () => {
    await relay.close();
    process.exit(0);
  };
  process.once("SIGTERM", stop);
  process.once("SIGINT", stop);
  console.log(JSON.stringify({ ready: true, url: relay.url }));
} catch (error) {
  console.error(error instanceof OptionError ? error.message : error);
  process.exit(1);
}
