"use client";

import { useAction } from "convex/react";
import { useId, useState, type FormEvent } from "react";
import { api } from "@convex/_generated/api";
import { SCOPES, type Scope } from "@convex/model/scopes";
import { useAttempt } from "../data/use-attempt";
import { Button } from "../ui/button";
import { FailureCallout } from "../ui/callout";
import { Field, Input } from "../ui/field";
import { ABOUT_SCOPE } from "./scopes";

const LIFETIMES = [
  { days: 30, label: "30 days" },
  { days: 90, label: "90 days" },
  { days: 365, label: "One year" },
  { days: null, label: "Does not expire" },
];

export function TokenForm({
  onMade,
  onCancel,
}: {
  onMade: (token: string) => void;
  onCancel: () => void;
}) {
  const create = useAction(api.tokens.create);
  const [name, setName] = useState("");
  const [scopes, setScopes] = useState<Scope[]>(["read", "launch"]);
  const [days, setDays] = useState<number | null>(90);
  const { doing, failure, run } = useAttempt<"create">();
  const busy = doing !== null;
  const id = useId();

  function submit(event: FormEvent) {
    event.preventDefault();
    const lifetime = days === null ? {} : { days };
    const made = create({ name, scopes, ...lifetime });
    void run(
      "create",
      made.then(({ token }) => onMade(token)),
    );
  }

  return (
    <form onSubmit={submit} className="space-y-4">
      <Field id={`${id}-name`} label="Name" help="What will use it.">
        <Input
          id={`${id}-name`}
          value={name}
          maxLength={60}
          autoComplete="off"
          autoFocus
          aria-describedby={`${id}-name-about`}
          onChange={(event) => setName(event.target.value)}
        />
      </Field>
      <fieldset>
        <legend className="mb-1.5 text-sm font-medium">It may</legend>
        <div className="space-y-1.5">
          {SCOPES.map((scope) => (
            <label key={scope} className="flex items-baseline gap-2.5 text-sm">
              <input
                type="checkbox"
                className="translate-y-0.5 accent-accent"
                checked={scopes.includes(scope)}
                onChange={({ target }) =>
                  setScopes(
                    target.checked
                      ? [...scopes, scope]
                      : scopes.filter((one) => one !== scope),
                  )
                }
              />
              <span>
                <span className="font-mono text-xs">{scope}</span>{" "}
                <span className="text-ink-3">{ABOUT_SCOPE[scope]}</span>
              </span>
            </label>
          ))}
        </div>
      </fieldset>
      <fieldset>
        <legend className="mb-1.5 text-sm font-medium">It is good for</legend>
        <div className="flex flex-wrap gap-x-5 gap-y-1.5">
          {LIFETIMES.map((one) => (
            <label key={one.label} className="flex items-center gap-2 text-sm">
              <input
                type="radio"
                name={`${id}-days`}
                className="accent-accent"
                checked={days === one.days}
                onChange={() => setDays(one.days)}
              />
              {one.label}
            </label>
          ))}
        </div>
      </fieldset>
      {failure ? <FailureCallout failure={failure} /> : null}
      <div className="flex flex-wrap gap-2">
        <Button
          type="submit"
          variant="primary"
          busy={busy}
          disabled={name.trim() === "" || scopes.length === 0}
        >
          Make token
        </Button>
        <Button variant="ghost" disabled={busy} onClick={onCancel}>
          Cancel
        </Button>
      </div>
    </form>
  );
}
