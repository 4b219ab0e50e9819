import type { NextConfig } from "next";

const config: NextConfig = {
  typedRoutes: true,
  poweredByHeader: false,
  serverExternalPackages: [
    "@daytonaio/sdk",
    "@daytona/api-client",
    "@daytona/toolbox-api-client",
  ],
};

export default config;
