export { openBrowser, signIn, watchErrors } from "./harness/browser";
export { Client, type Launch, type Message } from "./harness/client";
export { Product } from "./harness/product";
export { git, repository, skillMd } from "./harness/skills";
export { until } from "./harness/until";
