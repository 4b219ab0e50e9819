"use client";

import { useAction, useMutation } from "convex/react";
import { useId, useState, type FormEvent } from "react";
import { api } from "@convex/_generated/api";
import type { ProviderView } from "../data/types";
import { useAttempt } from "../data/use-attempt";
import { Button } from "../ui/button";
import { FailureCallout } from "../ui/callout";
import { Field, Input } from "../ui/field";

type Props = { provider: ProviderView; model: string; onDone: () => void };

/** A provider's key and model. A new key is tried at the provider before it is stored. */
export function ProviderForm({ provider, model: initial, onDone }: Props) {
  const saveKey = useAction(api.settings.saveKey);
  const choose = useMutation(api.settings.choose);
  const forget = useMutation(api.settings.forgetKey);
  const [key, setKey] = useState("");
  const [model, setModel] = useState(initial);
  const { doing, failure, run } = useAttempt<"save" | "forget">();
  const id = useId();
  const keyMissing = provider.needsKey && key.trim() === "";
  const modelMissing = model.trim() === "";

  async function attempt(what: "save" | "forget", work: Promise<unknown>) {
    if (!(await run(what, work))) return;
    setKey("");
    onDone();
  }

  function submit(event: FormEvent) {
    event.preventDefault();
    const chosen = { providerId: provider.id, model: model.trim() };
    void attempt(
      "save",
      key.trim() === ""
        ? choose(chosen)
        : saveKey({ ...chosen, key: key.trim() }),
    );
  }

  return (
    <form onSubmit={submit} className="space-y-4">
      {provider.keyless ? null : (
        <Field
          id={`${id}-key`}
          label="Key"
          help={
            provider.lastFour
              ? `Leave empty to keep the one that ends in ${provider.lastFour}.`
              : "It is tried at the provider, then stored sealed. Afterwards only its last four characters are shown."
          }
        >
          <Input
            id={`${id}-key`}
            type="password"
            value={key}
            autoComplete="off"
            autoFocus
            spellCheck={false}
            aria-describedby={`${id}-key-about`}
            onChange={(event) => setKey(event.target.value)}
            className="font-mono"
          />
        </Field>
      )}
      <Field
        id={`${id}-model`}
        label="Model"
        help={
          provider.defaultModel
            ? `The provider's usual one here is ${provider.defaultModel}.`
            : "As the provider names it."
        }
      >
        <Input
          id={`${id}-model`}
          value={model}
          autoComplete="off"
          autoFocus={provider.keyless}
          spellCheck={false}
          aria-describedby={`${id}-model-about`}
          onChange={(event) => setModel(event.target.value)}
          className="font-mono"
        />
      </Field>
      {failure ? <FailureCallout failure={failure} /> : null}
      <div className="flex flex-wrap justify-between gap-2">
        <Button
          type="submit"
          variant="primary"
          busy={doing === "save"}
          disabled={keyMissing || modelMissing || doing === "forget"}
        >
          {doing === "save"
            ? key
              ? "Trying the key"
              : "Saving"
            : `Use ${provider.label}`}
        </Button>
        {provider.lastFour ? (
          <Button
            variant="danger"
            icon="trash"
            busy={doing === "forget"}
            disabled={doing === "save"}
            onClick={() =>
              void attempt("forget", forget({ providerId: provider.id }))
            }
          >
            Forget key
          </Button>
        ) : null}
      </div>
    </form>
  );
}
