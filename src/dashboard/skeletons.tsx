import { Panel } from "../ui/panel";
import { Skeleton } from "../ui/skeleton";

/** A sandbox's card on its way: its parts where they will be. */
export function SandboxCardSkeleton() {
  return (
    <Panel>
      <div className="flex justify-between gap-6 p-5 sm:p-6">
        <div className="space-y-3">
          <Skeleton className="h-5 w-44" />
          <Skeleton className="h-3 w-64 max-w-full" />
        </div>
        <Skeleton className="h-8 w-32 max-sm:hidden" />
      </div>
      <div className="grid grid-cols-2 border-t border-line sm:grid-cols-4">
        {[0, 1, 2, 3].map((index) => (
          <div key={index} className="space-y-2.5 px-5 py-4 sm:px-6">
            <Skeleton className="h-3 w-20" />
            <Skeleton className="h-4 w-14" />
          </div>
        ))}
      </div>
    </Panel>
  );
}

/** Rows of a list on their way. */
export function RowsSkeleton() {
  return (
    <Panel className="divide-y divide-line">
      {[0, 1, 2].map((index) => (
        <div key={index} className="flex items-center gap-4 px-4 py-3.5">
          <div className="flex-1 space-y-2.5">
            <Skeleton className="h-4 w-1/2" />
            <Skeleton className="h-3 w-3/4" />
          </div>
          <Skeleton className="h-3 w-14" />
        </div>
      ))}
    </Panel>
  );
}
