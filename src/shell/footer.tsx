/** What this is, once, quietly. */
export function Footer() {
  return (
    <footer className="border-t border-line">
      <div className="mx-auto flex max-w-6xl flex-wrap justify-between gap-x-6 gap-y-1 px-4 py-6 text-[0.8125rem] text-ink-3 sm:px-6">
        <p>Slipway launches an agent with a skill, in a sandbox of its own.</p>
        <p>Apache-2.0</p>
      </div>
    </footer>
  );
}
