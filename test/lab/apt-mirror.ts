import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { LAB_EXIT, LabError } from './lab-error.ts'

/** Where Debian packages come from, and the keys that vouch for them. */
export interface AptMirror {
  readonly uri: string
  readonly keyring: string | undefined
}

interface AptSource {
  readonly uris: string[]
  readonly suites: string[]
  readonly components: string[]
  readonly keyring: string | undefined
}

/** Suites of the main Debian archive; other vendors' and the security archive's look different. */
const DEBIAN_SUITE =
  /^(bullseye|bookworm|trixie|forky|duke|sid|stable|testing|unstable|oldstable|oldoldstable)$/

const words = (text: string | undefined): string[] => text?.split(/\s+/).filter(Boolean) ?? []

/** A keyring given inline instead of by path cannot be handed on. */
const keyringPath = (value: string | undefined): string | undefined =>
  words(value).find((word) => word.startsWith('/'))

/** Reads the one-line format, `deb [options] uri suite component…`. */
export const parseSourcesList = (text: string): AptSource[] =>
  text.split('\n').flatMap((line) => {
    const match = /^\s*deb\s+(?:\[([^\]]*)\]\s*)?(\S+)\s+(\S+)\s*([^#]*)/.exec(line)
    if (!match) return []
    const [, options, uri = '', suite = '', components] = match
    const keyring = /signed-by=(\S+)/i.exec(options ?? '')?.[1]
    return [{ uris: [uri], suites: [suite], components: words(components), keyring: keyringPath(keyring) }]
  })

/** Reads the deb822 format of `*.sources`. */
export const parseDeb822 = (text: string): AptSource[] =>
  text
    .split('\n')
    .filter((line) => !line.startsWith('#'))
    .join('\n')
    .split(/\n\s*\n/)
    .flatMap((stanza) => {
      const fields = new Map<string, string>()
      for (const [, key = '', value = ''] of stanza.matchAll(/^([A-Za-z-]+):((?:.*)(?:\n[ \t].*)*)/gm)) {
        fields.set(key.toLowerCase(), value.trim())
      }
      if (!words(fields.get('types')).includes('deb') || fields.get('enabled')?.toLowerCase() === 'no')
        return []
      return [
        {
          uris: words(fields.get('uris')),
          suites: words(fields.get('suites')),
          components: words(fields.get('components')),
          keyring: keyringPath(fields.get('signed-by')),
        },
      ]
    })

/** The first source that is the main Debian archive. */
export const pickDebianSource = (sources: AptSource[]): AptSource | undefined =>
  sources.find(
    ({ suites, components }) =>
      suites.some((suite) => DEBIAN_SUITE.test(suite)) && components.includes('main'),
  )

const readSources = async (etc: string): Promise<AptSource[]> => {
  const parts = join(etc, 'sources.list.d')
  const names = existsSync(parts) ? (await readdir(parts)).sort() : []
  const files = [join(etc, 'sources.list'), ...names.map((name) => join(parts, name))]
  const sources: AptSource[] = []
  for (const file of files.filter((name) => existsSync(name))) {
    const text = await readFile(file, 'utf8')
    if (file.endsWith('.sources')) sources.push(...parseDeb822(text))
    else if (file.endsWith('.list')) sources.push(...parseSourcesList(text))
  }
  return sources
}

/** `mirror+file:` names a list of mirrors; debootstrap wants one. */
const resolveMirrorFile = async (uri: string): Promise<string> => {
  const file = /^mirror\+file:(?:\/\/)?(\/.*)$/.exec(uri)?.[1]
  if (!file) return uri
  return words(await readFile(file, 'utf8'))[0] ?? uri
}

/** The Debian mirror that this machine's own apt configuration names. */
export const readAptMirror = async (etc = '/etc/apt'): Promise<AptMirror> => {
  const standardKeyring = '/usr/share/keyrings/debian-archive-keyring.gpg'
  const fallback = existsSync(standardKeyring) ? standardKeyring : undefined
  const override = process.env.KLPSCOPE_DEBIAN_MIRROR
  if (override) return { uri: override, keyring: fallback }
  const source = pickDebianSource(await readSources(etc))
  const uri = source?.uris[0]
  if (!uri) {
    throw new LabError(
      LAB_EXIT.setupFailed,
      'No Debian mirror is named in the apt configuration of this machine.',
      'Set KLPSCOPE_DEBIAN_MIRROR to the address of one and install debian-archive-keyring.',
    )
  }
  return { uri: await resolveMirrorFile(uri), keyring: source.keyring ?? fallback }
}
