/**
 * What a terminal answers by itself when a program asks it something: where the
 * cursor is, what it can do, which colours it has, that it has the focus. A
 * program may ask for ever, so none of this is a person at the keys.
 */
// eslint-disable-next-line no-control-regex -- sequences begin with ESC
const REPLY = /^(?:\x1b(?:\[[?>=]?[\d;]*\$?[cnRtyIO]|[P\]_^][^]*))+$/;

/** Longer is no reply of a terminal, and not worth a look. */
const MAX_REPLY = 1_000;

/** Whether these bytes of a page's terminal are such an answer. */
export function isReply(bytes: Uint8Array): boolean {
  return (
    bytes.length <= MAX_REPLY && REPLY.test(new TextDecoder().decode(bytes))
  );
}
