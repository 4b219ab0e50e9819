import { afterAll, beforeAll, beforeEach } from "bun:test";
import { startChat, type Chat, type Person } from "./chat-harness";

/** One backend for a file of tests, and somebody new for each of them. */
export let chat: Chat;
export let ada: Person;
let count = 0;

/** For each file of tests: hooks are of the file that sets them. */
export function chatInTests(): void {
  beforeAll(async () => {
    chat = await startChat();
  });
  afterAll(() => chat.close());
  beforeEach(async () => {
    chat.daemon.answers = [];
    ada = await chat.person(`ada${(count += 1)}`);
  });
}
