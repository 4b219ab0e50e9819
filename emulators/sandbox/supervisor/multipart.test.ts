import { expect, test } from "bun:test";
import { Readable } from "node:stream";
import { partHeader, readMultipart } from "./multipart";

const TYPE = "multipart/form-data; boundary=b0undary";

async function parts(body: Buffer, chunkSize: number) {
  const chunks: Buffer[] = [];
  for (let at = 0; at < body.length; at += chunkSize) {
    chunks.push(body.subarray(at, at + chunkSize));
  }
  const found: [string, string][] = [];
  await readMultipart(Readable.from(chunks), TYPE, async (name) => {
    const kept: Buffer[] = [];
    return {
      write: (chunk) => void kept.push(Buffer.from(chunk)),
      end: async () =>
        void found.push([name, Buffer.concat(kept).toString("latin1")]),
    };
  });
  return found;
}

const BODY = Buffer.from(
  '--b0undary\r\nContent-Disposition: form-data; name="a"\r\n\r\none\r\n--b0undar\r\nstill one\r\n' +
    '--b0undary\r\nContent-Type: x/y\r\ncontent-disposition: form-data; name="b"; filename="name=c"\r\n\r\n\r\n' +
    '--b0undary\r\nContent-Disposition: form-data; name="c"\r\n\r\n\r\n\r\n--\r\n--b0undary--\r\nafter',
);

test("parts are the same however the bytes arrive", async () => {
  const expected: [string, string][] = [
    ["a", "one\r\n--b0undar\r\nstill one"],
    ["b", ""],
    ["c", "\r\n\r\n--"],
  ];
  for (let size = 1; size <= BODY.length; size++) {
    expect(await parts(BODY, size)).toEqual(expected);
  }
});

test("a body that breaks off is refused wherever it does", async () => {
  const end = BODY.indexOf("--b0undary--") + "--b0undary--".length;
  for (let cut = 0; cut < end; cut++) {
    await expect(parts(BODY.subarray(0, cut), 64)).rejects.toThrow();
  }
});

test("an open part is closed when the sender breaks off", async () => {
  let closed = 0;
  const reading = readMultipart(
    Readable.from([BODY.subarray(0, 70)]),
    TYPE,
    async () => ({ write() {}, end: async () => void closed++ }),
  );
  await expect(reading).rejects.toThrow("before its last boundary");
  expect(closed).toBe(1);
});

test("a part's header gives the exact name back, whatever is in it", () => {
  expect(partHeader("b", "file", 'a"b\\c', "x/y", 3)).toContain(
    'filename="a\\"b\\\\c"\r\n',
  );
  expect(partHeader("b", "file", "é (1)", "x/y", 3)).toContain(
    "filename*=UTF-8''%C3%A9%20%281%29\r\n",
  );
});
