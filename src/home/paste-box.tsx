"use client";

import { useConvex } from "convex/react";
import { useRouter } from "next/navigation";
import { useId, useState, type FormEvent } from "react";
import { api } from "@convex/_generated/api";
import { ERRORS } from "@convex/model/errors";
import { failureOf } from "../data/failure";
import { linkFor } from "../own-link";
import { skillPath } from "../routes";
import { Button } from "../ui/button";
import { cx } from "../ui/cx";

type Problem = { message: string; next: string };

/** Takes whatever link people paste. Without scripts it is a plain form to /new. */
export function PasteBox({ initial = "" }: { initial?: string }) {
  const convex = useConvex();
  const router = useRouter();
  const [text, setText] = useState(initial);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const id = useId();

  async function submit(event: FormEvent) {
    event.preventDefault();
    if (busy) return;
    const asked = linkFor(text, location.host);
    if (!asked.ok) {
      setProblem({ message: asked.message, next: ERRORS.bad_link.next });
      return;
    }
    setBusy(true);
    setProblem(null);
    try {
      const { link } = asked;
      const opened = await convex.action(api.skills.open, { link });
      router.push(
        skillPath(opened.kind === "skill" ? opened.skill.link : opened.link),
      );
    } catch (error) {
      setProblem(failureOf(error));
      setBusy(false);
    }
  }

  return (
    <form
      action="/new"
      method="get"
      noValidate
      onSubmit={(event) => void submit(event)}
      className="mt-8"
    >
      <label htmlFor={id} className="sr-only">
        Link to a skill
      </label>
      <div
        className={cx(
          "flex items-center gap-2 rounded-xl border bg-surface p-2 shadow-lift transition-colors",
          problem
            ? "border-danger"
            : "border-line-strong focus-within:border-ink-3",
        )}
      >
        <input
          id={id}
          name="link"
          value={text}
          onChange={(event) => {
            setText(event.target.value);
            setProblem(null);
          }}
          placeholder="owner/repo/skill or a link"
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          enterKeyHint="go"
          aria-invalid={problem !== null}
          aria-describedby={`${id}-about`}
          className="h-11 min-w-0 flex-1 bg-transparent px-2.5 font-mono text-[1rem] outline-none placeholder:text-ink-3 sm:text-[0.9375rem]"
        />
        <Button
          type="submit"
          variant="primary"
          busy={busy}
          className="h-11! rounded-lg! px-5!"
        >
          {busy ? "Reading" : "Open"}
        </Button>
      </div>
      <div
        id={`${id}-about`}
        aria-live="polite"
        className="mt-2.5 min-h-11 px-1 text-sm text-ink-3"
      >
        {problem ? (
          <p className="text-danger">
            {problem.message} <span className="text-ink-2">{problem.next}</span>
          </p>
        ) : (
          <p>Opening shows you the skill. Nothing runs until you launch it.</p>
        )}
      </div>
    </form>
  );
}
