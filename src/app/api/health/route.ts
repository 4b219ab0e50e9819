import { methods } from "@/server/api/methods";
import { readHealth } from "@/server/health";

export const { GET, POST, PUT, PATCH, DELETE, OPTIONS } = methods({
  GET: async () => {
    const health = await readHealth();
    return Response.json(health, {
      status: health.ok ? 200 : 503,
      headers: { "cache-control": "no-store" },
    });
  },
});
