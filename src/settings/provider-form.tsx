"use client";

import { useAction, useMutation } from "convex/react";
import { useId, useState, type FormEvent } from "react";
import { api } from "@convex/_generated/api";
import { failureOf, type Failure } from "../data/failure";
import type { ProviderView } from "../data/types";
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
  const [busy, setBusy] = useState<"save" | "forget" | null>(null);
  const [failure, setFailure] = useState<Failure | null>(null);
  const id = useId();
  const keyMissing = provider.needsKey && key.trim() === "";
  const modelMissing = model.trim() === "";

  async function run(what: "save" | "forget", work: () => Promise<unknown>) {
    setBusy(what);
    setFailure(null);
    try {
      await work();
      setKey("");
      onDone();
    } catch (error) {
      setFailure(failureOf(error));
    } finally {
      setBusy(null);
    }
  }

  function submit(event: FormEvent) {
    event.preventDefault();
    const chosen = { providerId: provider.id, model: model.trim() };
    void run("save", () =>
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
          busy={busy === "save"}
          disabled={keyMissing || modelMissing || busy !== null}
        >
          {busy === "save"
            ? key
              ? "Trying the key"
              : "Saving"
            : `Use ${provider.label}`}
        </Button>
        {provider.lastFour ? (
          <Button
            variant="danger"
            icon="trash"
            busy={busy === "forget"}
            disabled={busy !== null}
            onClick={() =>
              void run("forget", () => forget({ providerId: provider.id }))
            }
          >
            Forget key
          </Button>
        ) : null}
      </div>
    </form>
  );
}
