import type { ShadowId } from '../../daemon/contract/state.ts'
import { formatCount } from '../../daemon/words/format.ts'

/** The patch that allocates variables of an id, its functions, and who else uses them. */
export function ShadowOwner({ one }: { one: ShadowId }) {
  const { owner, allocators, users } = one
  const others = users.filter((user) => user !== owner)
  return (
    <>
      {owner === null ? (
        <span class="muted">{allocators.length > 0 ? 'no livepatch' : 'unknown'}</span>
      ) : (
        <span class="mono">{owner}</span>
      )}
      {allocators.map(({ module, function: name, allocated }) => (
        <span key={`${module} ${name}`} class="small muted owner-line">
          <span class="mono">{name ?? 'unknown function'}</span>
          {module !== owner && <> of {module === null ? 'the kernel' : <span class="mono">{module}</span>}</>}
          : {formatCount(allocated)}
        </span>
      ))}
      {others.length > 0 && (
        <span class="small muted owner-line">
          also used by <span class="mono">{others.join(', ')}</span>
        </span>
      )}
    </>
  )
}
