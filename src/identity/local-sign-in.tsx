"use client";

import { useRouter } from "next/navigation";
import type { Route } from "next";
import {
  useEffect,
  useId,
  useRef,
  useState,
  useSyncExternalStore,
  type FormEvent,
} from "react";
import { Button, IconButton } from "../ui/button";
import { Field, Input } from "../ui/field";
import { hasKeyboard } from "../ui/has-keyboard";
import { Skeleton } from "../ui/skeleton";
import { useAuthState } from "./identity";
import {
  readNames,
  subscribeNames,
  tidyName,
  withCurrent,
  withoutName,
  writeNames,
} from "./names";

/** On one's own machine a name is enough: pick one used before, or type a new one. */
export function LocalSignIn({ next }: { next: string | null }) {
  const router = useRouter();
  const auth = useAuthState();
  const remembered = useSyncExternalStore(
    subscribeNames,
    readNames,
    () => undefined,
  );
  const [typed, setTyped] = useState("");
  const [problem, setProblem] = useState<string | null>(null);
  const [pending, setPending] = useState(false);
  const id = useId();

  // Whoever came here from a page and is signed in already goes straight back.
  useEffect(() => {
    if (auth === "signed-in" && next !== null) router.replace(next as Route);
  }, [auth, next, router]);

  const names = remembered?.names ?? [];
  const field = useRef<HTMLInputElement>(null);
  const onlyField = remembered !== undefined && names.length === 0;
  useEffect(() => {
    if (onlyField && hasKeyboard()) field.current?.focus();
  }, [onlyField]);

  function choose(name: string) {
    setPending(true);
    writeNames(withCurrent(readNames(), name));
    // The page that follows waits for the backend to confirm, and says if it will not.
    router.replace((next ?? "/dashboard") as Route);
  }

  function submit(event: FormEvent) {
    event.preventDefault();
    const name = tidyName(typed);
    if (name === null) {
      setProblem("Type a name of 1 to 64 characters, none of them invisible.");
      field.current?.focus();
      return;
    }
    choose(name);
  }

  return (
    <div className="space-y-6">
      {remembered === undefined ? (
        <Skeleton className="h-14 rounded-lg" />
      ) : names.length > 0 ? (
        <ul className="overflow-hidden rounded-lg border border-line bg-surface shadow-card">
          {names.map((name) => (
            <li
              key={name}
              className="flex items-center border-line not-first:border-t"
            >
              <button
                type="button"
                disabled={pending}
                onClick={() => choose(name)}
                className="flex min-w-0 flex-1 items-center gap-3 px-4 py-3 text-left transition-colors hover:bg-ink/4"
              >
                <span className="grid size-8 place-items-center rounded-full bg-ink text-sm font-semibold text-paper uppercase">
                  {[...name][0]}
                </span>
                <span className="min-w-0 flex-1 truncate font-medium">
                  {name}
                </span>
                <span className="text-[0.8125rem] text-ink-3">
                  {name === remembered.current ? "Signed in" : "Continue"}
                </span>
              </button>
              <span className="pr-2">
                <IconButton
                  icon="cross"
                  label={`Forget ${name} on this browser`}
                  disabled={pending}
                  onClick={() => writeNames(withoutName(readNames(), name))}
                />
              </span>
            </li>
          ))}
        </ul>
      ) : null}
      <form onSubmit={submit}>
        <Field
          id={id}
          label={names.length > 0 ? "Or as somebody else" : "Your name here"}
          help="This Slipway runs on your machine, so a name is enough. No password, no account."
          problem={problem}
        >
          <div className="flex gap-2">
            <Input
              ref={field}
              id={id}
              name="name"
              value={typed}
              placeholder="ada"
              autoComplete="username"
              autoCapitalize="none"
              spellCheck={false}
              aria-describedby={`${id}-about`}
              aria-invalid={problem !== null}
              onChange={(event) => {
                setTyped(event.target.value);
                setProblem(null);
              }}
              className="h-11!"
            />
            <Button
              type="submit"
              variant="primary"
              busy={pending}
              className="h-11!"
            >
              Continue
            </Button>
          </div>
        </Field>
      </form>
    </div>
  );
}
