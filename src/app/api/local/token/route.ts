import { methods } from "@/server/api/methods";
import { giveLocalToken } from "@/server/local-token";

export const { GET, POST, PUT, PATCH, DELETE, OPTIONS } = methods({
  POST: giveLocalToken,
});
