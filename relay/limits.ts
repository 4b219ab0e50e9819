/** Every bound of the relay, with the reason for it. Bytes and milliseconds. */

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const MIB = 1_024 * 1_024;

export const LIMITS = {
  /** How often it is asked whether what is open may stay so. */
  recheck: 30 * SECOND,
  /** Looks in a row that may fail before what is open is closed: the backend may restart. */
  failedLooks: 4,

  /** From a terminal's connection to its first message, which brings the ticket. */
  hello: 10 * SECOND,
  /** A terminal nobody types into; its shell stays until the sandbox stops. */
  terminalIdle: 30 * MINUTE,
  /** However busy: a program can make a terminal answer, and so look used. */
  terminalLife: 12 * 60 * MINUTE,
  /** More tabs than a person looks at. */
  terminalsPerUser: 8,

  /** A preview from its ticket on: what a forgotten tab keeps asking ends with it. */
  previewLife: 4 * 60 * MINUTE,
  /** Ports a person shows at once; the one used longest ago gives way. */
  previewsPerUser: 16,
  /** Of one preview: a page with its six connections, in a few tabs, with sockets. */
  requestsPerPreview: 64,
  /** From the last byte of a request that moved to the first one of its answer. */
  answer: 2 * MINUTE,

  /** Of one person at once: as many as a browser fetches, and a few more. */
  filesPerUser: 8,
  /** A connection on which nothing moves, until it has shown a ticket. */
  idle: 30 * SECOND,
  /** However slowly it is read: it counts as use of the sandbox. Ten GiB at 1.5 MB/s. */
  fileLife: 2 * 60 * MINUTE,

  /** Questions to Slipway at once about tickets: who has none can ask for many. */
  redeeming: 50,
  /** A refused connection may not cost more than this. */
  connect: 15 * SECOND,

  /** Unsent bytes of a connection from which on the other side has to wait. */
  buffered: MIB,
  /** Bytes a page has been sent and has not painted: a browser reads faster than it paints. */
  unseen: MIB,
  /** Unsent bytes at which a connection is cut, should waiting not have helped. */
  bufferedAtMost: 16 * MIB,
  /** One WebSocket message of a browser: a very long paste. Kept whole before it is passed on. */
  sent: MIB,
  /** One WebSocket message out of a sandbox. */
  received: 8 * MIB,
  /** Connections that have not shown a ticket yet, of everybody. */
  strangers: 200,
  /** A request's body through a preview. It streams; this ends what never ends. */
  body: 512 * MIB,
} as const;

export type Limits = { [Name in keyof typeof LIMITS]: number };
