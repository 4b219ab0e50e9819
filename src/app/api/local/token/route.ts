import { giveLocalToken } from "@/server/local-token";

export const POST = giveLocalToken;
