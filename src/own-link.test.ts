import { expect, test } from "bun:test";
import { linkFor } from "./own-link";

const own = "slipway.example:8443";

test.each([
  ["https://slipway.example:8443/o/r/skill", "/o/r/skill"],
  ["http://Slipway.example:8443/O/r", "/O/r"],
  ["slipway.example:8443/gh/api/r/skill", "/gh/api/r/skill"],
  ["  https://slipway.example:8443/github.com/o/r?x#y ", "/github.com/o/r?x#y"],
  // Another port, and another's, are not ours; whether they may be is not judged here.
  ["https://slipway.example/o/r", "https://slipway.example/o/r"],
  ["https://github.com/o/r/tree/main/x", "https://github.com/o/r/tree/main/x"],
  ["git@github.com:o/r.git", "git@github.com:o/r.git"],
  ["o/r/skill", "o/r/skill"],
])("%s is asked for as %s", (text, link) => {
  expect(linkFor(text, own)).toEqual({ ok: true, link });
});

test.each([
  ["https://slipway.example:8443/sessions/x1", "This is a page of Slipway"],
  ["https://slipway.example:8443/", "at least an owner and a repository"],
  ["ftp://slipway.example:8443/o/r", "cannot be opened"],
  ["", "There is no link"],
])("%s can be no link to a skill", (text, why) => {
  expect(linkFor(text, own)).toMatchObject({
    ok: false,
    code: "bad_link",
    message: expect.stringContaining(why),
  });
});
