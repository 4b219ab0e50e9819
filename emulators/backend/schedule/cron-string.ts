/** The five fields of a cron string, each as the set of values it allows. */
export type CronFields = {
  minutes: ReadonlySet<number>;
  hours: ReadonlySet<number>;
  days: ReadonlySet<number>;
  months: ReadonlySet<number>;
  weekdays: ReadonlySet<number>;
  /** With both restricted, a day that fits either one counts. */
  anyDay: boolean;
  anyWeekday: boolean;
};

const MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split(" ");
const WEEKDAYS = "sun mon tue wed thu fri sat".split(" ");
const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
/** A date such as February 29 comes at the latest after eight years. */
const LONGEST_WAIT_DAYS = 8 * 366;

/** @throws Error that names the string and the field */
export function parseCron(text: string): CronFields {
  const parts = text.trim().split(/\s+/);
  if (parts.length !== 5) {
    throw new Error(`"${text}" is not a cron string: it needs five fields.`);
  }
  const [minute, hour, day, month, weekday] = parts as [
    string,
    string,
    string,
    string,
    string,
  ];
  const field = (part: string, low: number, high: number, names?: string[]) =>
    parseField(part, low, high, names ?? [], text);
  const weekdays = field(weekday, 0, 7, WEEKDAYS);
  return {
    minutes: field(minute, 0, 59),
    hours: field(hour, 0, 23),
    days: field(day, 1, 31),
    months: field(month, 1, 12, ["", ...MONTHS]),
    weekdays: new Set([...weekdays].map((value) => value % 7)),
    anyDay: day === "*",
    anyWeekday: weekday === "*",
  };
}

function parseField(
  part: string,
  low: number,
  high: number,
  names: string[],
  text: string,
): Set<number> {
  const bad = () =>
    new Error(`"${text}" is not a cron string: "${part}" is out of place.`);
  const value = (word: string): number => {
    const named = names.indexOf(word.toLowerCase());
    const number = named > -1 && word !== "" ? named : Number(word);
    if (!Number.isInteger(number) || word === "") throw bad();
    if (number < low || number > high) throw bad();
    return number;
  };
  const values = new Set<number>();
  for (const item of part.split(",")) {
    const [range, stepText] = item.split("/") as [string, string | undefined];
    const step = stepText === undefined ? 1 : Number(stepText);
    if (!Number.isInteger(step) || step < 1) throw bad();
    const [first, last] = range.split("-") as [string, string | undefined];
    const from = range === "*" ? low : value(first);
    const to =
      range === "*" || (last === undefined && stepText !== undefined)
        ? high
        : value(last ?? first);
    for (let n = from; n <= to; n += step) values.add(n);
  }
  if (values.size === 0) throw bad();
  return values;
}

/** The first minute after `time` (UTC, in ms) that the fields allow. */
export function nextCronTime(fields: CronFields, time: number): number {
  const first = (Math.floor(time / MINUTE_MS) + 1) * MINUTE_MS;
  let day = Math.floor(first / DAY_MS) * DAY_MS;
  for (let i = 0; i < LONGEST_WAIT_DAYS; i++, day += DAY_MS) {
    if (!allowsDay(fields, new Date(day))) continue;
    for (const hour of [...fields.hours].sort((a, b) => a - b)) {
      for (const minute of [...fields.minutes].sort((a, b) => a - b)) {
        const at = day + (hour * 60 + minute) * MINUTE_MS;
        if (at >= first) return at;
      }
    }
  }
  throw new Error("A cron string that names a date which never comes.");
}

function allowsDay(fields: CronFields, date: Date): boolean {
  if (!fields.months.has(date.getUTCMonth() + 1)) return false;
  const day = fields.days.has(date.getUTCDate());
  const weekday = fields.weekdays.has(date.getUTCDay());
  if (fields.anyDay) return weekday;
  if (fields.anyWeekday) return day;
  return day || weekday;
}
