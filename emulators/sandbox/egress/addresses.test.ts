import { expect, test } from "bun:test";
import { isPublicAddress } from "./addresses";

test("addresses of the public internet", () => {
  for (const address of ["1.1.1.1", "140.82.112.3", "2606:4700::1111"]) {
    expect(`${address} ${isPublicAddress(address)}`).toBe(`${address} true`);
  }
});

test("loopback, private, link-local, mapped and reserved ones are not", () => {
  for (const address of [
    "127.0.0.1",
    "0.0.0.0",
    "10.1.2.3",
    "100.64.0.1",
    "169.254.169.254",
    "172.31.255.255",
    "192.168.1.1",
    "224.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::ffff:10.0.0.1",
    "64:ff9b::a00:1",
    "fc00::1",
    "fe80::1",
    "ff02::1",
    "2002:0a00:0001::",
    "2001:db8::1",
    "localhost",
    "",
  ]) {
    expect(`${address} ${isPublicAddress(address)}`).toBe(`${address} false`);
  }
});
