export const HELP = `Slipway from the command line. Here, slipway is short for

  npx -y bun@1.4.5 run slipway

  slipway launch owner/repo/skill   launch a skill; prints where to talk to it
          --wait                    and follow it until it is ready
          --own                     in a sandbox that no other skill shares
  slipway list [launches|sandboxes|sessions]
          --cursor CURSOR           what follows; list says with which
  slipway show LAUNCH               one launch, step by step
  slipway logs LAUNCH               what is done for it, until it ends
  slipway logs SANDBOX              what happened to it lately
  slipway cancel LAUNCH
  slipway chat SESSION "text"       say something and print the answer
  slipway stop [SANDBOX]            your only one, if none is named
  slipway stop --all                all of them; restore brings them back
  slipway stop --failed             again, those that stop --all could not stop
  slipway restore                   what stop --all stopped, with what came of each
          --decline                 or forget it
  slipway start [SANDBOX]
  slipway keep [SANDBOX]            for another while, before it stops by itself
  slipway ticket SANDBOX terminal   where to open it, once and within a minute
  slipway ticket SANDBOX port 3000
  slipway ticket SANDBOX file PATH
  slipway replace [SANDBOX]         made anew, with its files
          --resume                  where it came to a halt, from there
          --cancel                  or not at all, while the old one is there
          --without-files           or without those that cannot be brought back
  slipway delete SANDBOX            with everything on its disk
  slipway delete SESSION            with all that was said in it; files stay

  --wait        stop, start, restore and replace: until it has happened or failed; at
                most 3 minutes for a stop, 33 for a start, which may stand in line
                for 30, and an hour for a replacement
  --key KEY     what changes something: do it once, however often it is run within
                a day (Idempotency-Key); not for tickets
  --json        one JSON object a line, for programs
  --user NAME   on the machine Slipway runs on, without a token: act as this person

Environment
  SLIPWAY_URL     where Slipway is (http://127.0.0.1:3000)
  SLIPWAY_TOKEN   a personal token, made in Settings
  SLIPWAY_USER    as --user, where there is no SLIPWAY_TOKEN

Exit codes
  0 done   1 failed   2 wrong usage   3 not allowed   4 no Slipway answers   130 interrupted
`;
