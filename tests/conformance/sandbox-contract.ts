import Ajv from "ajv";
import type { ValidateFunction } from "ajv";
import controlContract from "../../emulators/sandbox/contract/control.json";
import toolboxContract from "../../emulators/sandbox/contract/toolbox.json";

interface Contract {
  source: string;
  routes: Record<string, Record<string, object | null>>;
  definitions: Record<string, object>;
}

/** The control plane's document describes no errors; its clients read this. */
const CONTROL_ERROR = {
  type: "object",
  required: ["path", "timestamp", "statusCode", "error", "message"],
  properties: {
    path: { type: "string" },
    timestamp: { type: "string" },
    statusCode: { type: "integer" },
    error: { type: "string" },
    message: { type: "string" },
    code: { type: "string" },
  },
  additionalProperties: false,
};

/** Reached by WebSocket only, or not in the document: nothing to check with. */
const UNDOCUMENTED = [/^GET \/toolbox\/[^/]+\/(env|entrypoint\/logs)$/];

/** Validates answers against the vendor's documents and counts what was seen. */
export class ContractChecker {
  readonly violations: string[] = [];
  /** Route -> the statuses it answered with. */
  readonly covered = new Map<string, Set<number>>();
  private readonly pending = new Set<Promise<void>>();
  private readonly validators = new Map<string, ValidateFunction>();

  /**
   * @param closed whether what the documents do not name is a violation: a
   * stand-in that sends more has made it up, the vendor may
   */
  constructor(private readonly closed = true) {}

  /** For SandboxServerOptions.observe. */
  observe = (request: Request, answer: Response): void => {
    const work = this.check(request, answer).catch((error: unknown) => {
      // What nobody reads to its end any more cannot be read here either.
      if (!request.signal.aborted) throw error;
    });
    this.pending.add(work);
    void work.finally(() => this.pending.delete(work));
  };

  /** @throws Error listing every violation seen. */
  async settle(): Promise<void> {
    await Promise.all(this.pending);
    if (this.violations.length > 0) {
      throw new Error(`Not by the contract:\n${this.violations.join("\n")}`);
    }
  }

  private async check(request: Request, answer: Response): Promise<void> {
    const { pathname } = new URL(request.url);
    const call = `${request.method} ${pathname}`;
    const [, area, id] = pathname.split("/", 3);
    const contract: Contract = (
      area === "api" ? controlContract : toolboxContract
    ) as Contract;
    const prefix = area === "api" ? "/api" : `/toolbox/${id}`;
    const route = routeOf(contract, request.method, pathname, prefix);
    if (route)
      this.cover(`${area === "api" ? "" : "toolbox "}${route}`, answer);
    const { status } = answer;
    const schema =
      status >= 400
        ? contract === (controlContract as Contract)
          ? CONTROL_ERROR
          : { anyOf: [{ $ref: "#/definitions/ErrorResponse" }, CONTROL_ERROR] }
        : route && contract.routes[route]?.[status];
    if (schema === undefined) {
      await answer.body?.cancel();
      if (UNDOCUMENTED.some((known) => known.test(call)) || status === 499) {
        return;
      }
      this.violations.push(`${call}: ${status} is not in ${contract.source}`);
    } else if (schema === null) await answer.body?.cancel();
    else await this.validate(call, contract, schema as object, answer);
  }

  private async validate(
    call: string,
    contract: Contract,
    schema: object,
    answer: Response,
  ): Promise<void> {
    const key = JSON.stringify([contract.source, schema]);
    let validate = this.validators.get(key);
    if (!validate) {
      const { definitions } = contract;
      // Unions of types are how "nullable" reads in plain JSON Schema.
      const ajv = new Ajv({ allErrors: true, allowUnionTypes: true });
      const whole = { ...schema, definitions };
      validate = ajv.compile(this.closed ? whole : opened(whole));
      this.validators.set(key, validate);
    }
    let body: unknown;
    try {
      body = await answer.json();
    } catch (error) {
      this.violations.push(`${call}: ${answer.status} is not JSON (${error})`);
      return;
    }
    if (validate(body)) return;
    const why = validate.errors?.map(
      (e) => `${e.instancePath} ${e.message} ${JSON.stringify(e.params)}`,
    );
    this.violations.push(`${call}: ${answer.status}: ${why?.join("; ")}`);
  }

  private cover(route: string, { status }: Response): void {
    const seen = this.covered.get(route) ?? new Set();
    this.covered.set(route, seen.add(status));
  }
}

/** The same schema, that takes properties it does not name. */
function opened(schema: object): object {
  return JSON.parse(
    JSON.stringify(schema, (key, value: unknown) =>
      key === "additionalProperties" && value === false ? undefined : value,
    ),
  ) as object;
}

/** The most literal template that matches: "entrypoint" before "{sessionId}". */
function routeOf(
  { routes }: Contract,
  method: string,
  pathname: string,
  prefix: string,
): string | undefined {
  const path = pathname.slice(prefix.length);
  return Object.keys(routes)
    .filter((route) => {
      const [verb, template = ""] = route.split(" ");
      const pattern = template.replace(/\{\w+\}/g, "[^/]+");
      return verb === method && new RegExp(`^${pattern}$`).test(path);
    })
    .sort((a, b) => a.split("{").length - b.split("{").length)[0];
}
