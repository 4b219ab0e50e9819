import { useId } from "react";
import { cx } from "../ui/cx";

/**
 * A ship on a slipway, drawn like a shipyard's lines plan. `progress` (0 to 1) is
 * how far down the ways she is; at 1 she floats. Decoration only: hidden from
 * assistive technology, and still where motion is not wanted.
 */

const WIDTH = 720;
const FAR = 1_340; // the ways run on, past the picture, to the edge of the window
const WATER = 300; // the water's level; the home page aligns its section edge to it
const ANGLE = -8; // degrees the ways rise to the right
const SLOPE = Math.tan((ANGLE * Math.PI) / 180);

const HULL =
  "M-178-86 Q-20-66 208-118 C196-74 182-18 150-4 Q146 0 136 0 L-132 0 C-160-2-170-34-186-54 Z";

const STATIONS = Array.from({ length: 15 }, (_, index) => -168 + index * 25);
const WATERLINES = [-13, -26, -53, -66];

/** Height of the ways' upper edge at x. */
function waysAt(x: number): number {
  return 318 + (x - 60) * SLOPE;
}

/** Where the keel's middle is, and how she is tilted. */
function positionAt(progress: number): string {
  const slide = Math.min(1, progress / 0.86);
  const float = Math.max(0, (progress - 0.86) / 0.14);
  const x = 470 - slide * 205 - float * 20;
  const onWays = waysAt(x) - 15;
  const afloat = WATER + 40;
  const y = onWays + (afloat - onWays) * float;
  return `translate(${x}px, ${y}px) rotate(${ANGLE * (1 - float)}deg)`;
}

export function Scene({
  progress = 0.12,
  className,
}: {
  progress?: number;
  className?: string;
}) {
  const id = useId(); // two scenes on one page must not share their clips
  const piles = Array.from({ length: 36 }, (_, index) => 60 + index * 36);
  return (
    <svg
      viewBox={`0 0 ${WIDTH} 380`}
      className={cx("overflow-visible", className)}
      aria-hidden="true"
      fill="none"
      stroke="var(--water-line)"
      strokeWidth="1"
      strokeLinecap="round"
    >
      <defs>
        <clipPath id={`${id}hull`}>
          <path d={HULL} />
        </clipPath>
        <clipPath id={`${id}water`}>
          <rect x={-FAR} y={WATER} width={2 * FAR} height="120" />
        </clipPath>
      </defs>

      <g opacity="0.9">
        {piles.map((x) => (
          <path key={x} d={`M${x} ${waysAt(x)}V380`} opacity="0.55" />
        ))}
        <path
          d={`M-20 ${waysAt(-20)}L${FAR} ${waysAt(FAR)}`}
          strokeWidth="2.5"
        />
        <path d={`M-20 ${waysAt(-20) + 9}L${FAR} ${waysAt(FAR) + 9}`} />
      </g>

      <g
        style={{
          transform: positionAt(progress),
          transition: "transform 1100ms cubic-bezier(0.3, 0.1, 0.2, 1)",
        }}
      >
        <Cradle hidden={progress > 0.86} />
        <path d={HULL} fill="var(--surface)" stroke="none" />
        <g clipPath={`url(#${id}hull)`} stroke="none">
          <rect x="-240" y="-40" width="480" height="44" fill="var(--accent)" />
          <rect x="-240" y="-44" width="480" height="4" fill="var(--surface)" />
        </g>
        <g clipPath={`url(#${id}hull)`} stroke="var(--ink)" strokeWidth="0.6">
          {STATIONS.map((x) => (
            <path key={x} d={`M${x}-130V10`} opacity="0.28" />
          ))}
          {WATERLINES.map((y) => (
            <path key={y} d={`M-240 ${y}H240`} opacity="0.28" />
          ))}
          <path
            d="M192-112C180-70 168-18 132-2M172-112C164-70 150-22 108-2M-176-80C-160-50-150-14-112-2M-152-84C-140-50-128-16-88-2"
            opacity="0.4"
          />
        </g>
        <g stroke="var(--ink-2)">
          <path d={HULL} strokeWidth="1.5" strokeLinejoin="round" />
          <path d="M-176-80Q-20-60 206-112" strokeWidth="0.75" opacity="0.6" />
          <Upperworks />
        </g>
      </g>

      <g clipPath={`url(#${id}water)`}>
        <rect
          x={-FAR}
          y={WATER}
          width={2 * FAR}
          height="90"
          fill="var(--water)"
          stroke="none"
          opacity="0.72"
        />
      </g>
      <path d={`M${-FAR} ${WATER}H${FAR}`} strokeWidth="1.25" />
      <g opacity="0.8">
        <path d="M24 312h46M92 312h22M6 324h30M58 324h64M150 324h20" />
      </g>
    </svg>
  );
}

function Cradle({ hidden }: { hidden: boolean }) {
  return (
    <g
      stroke="var(--ink-3)"
      strokeWidth="1.25"
      opacity={hidden ? 0 : 1}
      style={{ transition: "opacity 500ms" }}
    >
      <path d="M-118 1 -126 14H-82L-90 1M92 1 84 14H128L120 1M-14 1-18 14H22L18 1" />
    </g>
  );
}

/** Deckhouse, bridge, funnel, mast and rails: a few strokes each. */
function Upperworks() {
  return (
    <g strokeWidth="1.1" strokeLinejoin="round" fill="var(--surface)">
      <path d="M-142-82V-108H-58V-75" />
      <path d="M-128-108V-130H-84L-78-108" />
      <path d="M-120-124H-88M-136-101H-64" opacity="0.7" />
      <path d="M-112-130V-148H-98V-130" fill="var(--accent)" />
      <path d="M-46-74V-160M-46-152 4-74M-46-156-84-130" fill="none" />
      <path d="M40-79V-142M40-134 96-90M40-136-6-80" fill="none" />
      <path
        d="M118-100V-112M138-104V-116M158-109V-121M178-114V-126M198-119V-131M118-112 198-131"
        fill="none"
        opacity="0.7"
      />
      <path d="M196-96h5M193-84h5M190-72h5M187-60h5" opacity="0.9" />
    </g>
  );
}
