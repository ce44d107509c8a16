import type { Patch } from '../../contract/state.ts'
import type { Rule } from './rule.ts'

/**
 * A patch is in place, and one of its objects never will be: it is called as no module can be. The kernel compares the
 * object's name with the module's own, in which kbuild has put _ for every - and comma, and in which neither the folder
 * nor the end of the file's name is. An object without a name is the kernel; one that is called vmlinux is a module.
 * Source: kernel/livepatch/core.c, klp_find_object_module, klp_is_module; scripts/Makefile.lib, name-fix.
 */
export const patchBypassed: Rule = {
  name: 'patch-bypassed',
  on: [
    'patches-observed',
    'transition-started',
    'patch-enabled',
    'patch-disabled',
    'patch-replaced',
    'patch-load-refused',
    'tasks-observed',
    'tracer-started',
  ],
  holds: (state) =>
    state.patches
      .filter((patch) => inPlace.has(patch.state))
      .flatMap((patch) =>
        patch.objects.flatMap((object) => {
          const fault = faultOf(object, patch)
          if (fault === null) return []
          return [
            {
              severity: 'warning' as const,
              subject: `${patch.name} ${object.name}`,
              summary: `${patch.name} changes nothing in ${object.name}: ${fault.cause}`,
              advice: `In the source of ${patch.name}, ${fault.remedy}, and build it again. Until then the original code runs in every task.`,
              evidence: [],
            },
          ]
        }),
      ),
}

const inPlace: ReadonlySet<Patch['state']> = new Set(['loading', 'enabling', 'enabled', 'disabling'])

const faultOf = (
  object: Patch['objects'][number],
  { state }: Patch,
): { cause: string; remedy: string } | null => {
  const { name } = object
  // The kernel itself is always there: once its patch is enabled it is patched.
  if (name === 'vmlinux') {
    if (object.patched !== false || state !== 'enabled') return null
    return {
      cause: 'the kernel takes this name for that of a module',
      remedy: 'leave the name of that object out (NULL stands for the kernel itself)',
    }
  }
  const right = moduleName(name)
  if (right === name) return null
  const remedy =
    right === '' ? 'name the object as lsmod shows the module' : `name the object ${right}, as lsmod shows it`
  return { cause: 'no module can have this name', remedy }
}

/** What a module is called whose file somebody may have meant. */
const moduleName = (name: string): string =>
  name
    .replace(/^.*\//, '')
    .replace(/\.ko(\.(xz|gz|zst))?$/, '')
    .replace(/[-,\s]/g, '_')
    .replace(/[^\w.]/g, '')
