export { CrashedAtStart, createBackend } from "./backend";
export type { AnyMutationCtx, Backend, BackendOptions } from "./options";
export type { Clock } from "./clock";
export { DataFolderInUse } from "./store/lock";
export type { Step, StepHook } from "./functions/steps";
