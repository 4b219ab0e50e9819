import { Panel } from "../ui/panel";
import { Skeleton, SkeletonText } from "../ui/skeleton";

/** The skill's page while its repository is being read. */
export function SkillSkeleton({ name }: { name: string }) {
  return (
    <div className="mx-auto w-full max-w-6xl px-4 pt-8 pb-20 sm:px-6 sm:pt-12">
      <div className="max-w-3xl">
        <p className="font-mono text-[0.8125rem] break-all text-ink-3">
          {name}
        </p>
        <Skeleton className="mt-4 h-9 w-3/5" />
        <div className="mt-5">
          <SkeletonText lines={2} />
        </div>
        <p role="status" className="mt-6 text-[0.8125rem] text-ink-3">
          Reading the repository. The first look at one takes a few seconds.
        </p>
      </div>
      <div className="mt-8 grid grid-cols-1 gap-x-10 gap-y-8 lg:grid-cols-[minmax(0,1fr)_21.5rem]">
        <Panel className="space-y-4 p-5 lg:order-2">
          <Skeleton className="h-12 rounded-lg" />
          <SkeletonText lines={6} />
        </Panel>
        <Panel className="space-y-8 p-6 lg:order-1">
          <SkeletonText lines={5} />
          <SkeletonText lines={4} />
          <SkeletonText lines={6} />
        </Panel>
      </div>
    </div>
  );
}
