import type { FunctionReturnType } from "convex/server";
import type { Infer } from "convex/values";
import type { api } from "@convex/_generated/api";
import type { partBody, skillView } from "@convex/validators";

export type SkillView = Infer<typeof skillView>;
export type LaunchView = NonNullable<
  FunctionReturnType<typeof api.launches.get>
>;
export type SandboxView = NonNullable<
  FunctionReturnType<typeof api.sandboxes.getSandbox>
>;
export type FleetView = NonNullable<FunctionReturnType<typeof api.fleet.get>>;
export type FleetItem = FleetView["items"][number];
export type LogEntry = FunctionReturnType<
  typeof api.logs.ofSandbox
>["page"][number];
export type SessionView = NonNullable<
  FunctionReturnType<typeof api.sessions.get>
>;
export type SessionEntry = FunctionReturnType<typeof api.sessions.list>[number];
export type MessageView = FunctionReturnType<
  typeof api.sessions.messages
>["page"][number];
export type PartBody = Infer<typeof partBody>;
export type SettingsView = NonNullable<
  FunctionReturnType<typeof api.settings.get>
>;
export type ProviderView = SettingsView["providers"][number];
