export { openBrowser, signIn, watchErrors } from "./harness/browser";
export {
  Client,
  type Launch,
  type Message,
  type Sandbox,
} from "./harness/client";
export { always, Operator, type Fault, type Made } from "./harness/operator";
export { Owner } from "./harness/owner";
export { Product } from "./harness/product";
export { git, repository, skillMd, type Files } from "./harness/skills";
export { until } from "./harness/until";
