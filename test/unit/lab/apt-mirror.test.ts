import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { parseDeb822, parseSourcesList, pickDebianSource, readAptMirror } from '../../lab/apt-mirror.ts'

const vendor = `Types: deb
URIs: https://packages.example/vendor
Suites: nodistro
Components: main
`
const debian = `# A comment
Types: deb deb-src
# http://snapshot.example/
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main contrib
Signed-By: /keys/debian.gpg
`
const security = `Types: deb
URIs: http://mirror.example/debian-security
Suites: bookworm-security
Components: main
`

describe('apt sources', () => {
  it('reads deb822 stanzas with comments, several values and folded lines', () => {
    expect(
      parseDeb822(`${vendor}\n${debian.replace(' bookworm bookworm-updates', '\n bookworm\n sid')}`),
    ).toEqual([
      {
        uris: ['https://packages.example/vendor'],
        suites: ['nodistro'],
        components: ['main'],
        keyring: undefined,
      },
      {
        uris: ['http://mirror.example/debian'],
        suites: ['bookworm', 'sid'],
        components: ['main', 'contrib'],
        keyring: '/keys/debian.gpg',
      },
    ])
  })

  it('leaves out what is disabled or source only, and keys given inline', () => {
    expect(parseDeb822(`Enabled: no\n${debian.slice(debian.indexOf('Types'))}`)).toEqual([])
    expect(parseDeb822(debian.replace('deb deb-src', 'deb-src'))).toEqual([])
    const inline = debian.replace('/keys/debian.gpg', '\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n mQINBF')
    expect(parseDeb822(inline)[0]?.keyring).toBeUndefined()
  })

  it('reads one-line entries with and without options', () => {
    const text = `# deb http://no.example/debian sid main
deb [arch=amd64 signed-by=/keys/a.gpg] http://mirror.example/debian trixie main # why
deb-src http://mirror.example/debian trixie main
deb http://other.example/debian sid main contrib`
    expect(parseSourcesList(text)).toEqual([
      {
        uris: ['http://mirror.example/debian'],
        suites: ['trixie'],
        components: ['main'],
        keyring: '/keys/a.gpg',
      },
      {
        uris: ['http://other.example/debian'],
        suites: ['sid'],
        components: ['main', 'contrib'],
        keyring: undefined,
      },
    ])
  })

  it('takes the main archive, not a vendor, not the security archive', () => {
    const sources = [vendor, security, debian].flatMap(parseDeb822)
    expect(pickDebianSource(sources)?.uris).toEqual(['http://mirror.example/debian'])
    expect(pickDebianSource(parseDeb822(vendor))).toBeUndefined()
  })
})

describe('the mirror of this machine', () => {
  let etc: string
  beforeEach(() => {
    etc = mkdtempSync(join(tmpdir(), 'klpscope-test-'))
    mkdirSync(join(etc, 'sources.list.d'))
    vi.stubEnv('KLPSCOPE_DEBIAN_MIRROR', '')
  })
  afterEach(() => {
    rmSync(etc, { recursive: true })
    vi.unstubAllEnvs()
  })

  it('comes from all files of the apt configuration, a list of mirrors included', async () => {
    const list = join(etc, 'mirrors.list')
    writeFileSync(list, 'https://near.example/debian priority:1\nhttps://far.example/debian\n')
    writeFileSync(join(etc, 'sources.list.d', 'a-vendor.sources'), vendor)
    const cloud = debian.replace('http://mirror.example/debian', `mirror+file:${list}`)
    writeFileSync(join(etc, 'sources.list.d', 'debian.sources'), cloud)
    expect(await readAptMirror(etc)).toEqual({
      uri: 'https://near.example/debian',
      keyring: '/keys/debian.gpg',
    })
  })

  it('can be given, and has to be when there is none', async () => {
    await expect(readAptMirror(etc)).rejects.toThrow(/KLPSCOPE_DEBIAN_MIRROR/)
    vi.stubEnv('KLPSCOPE_DEBIAN_MIRROR', 'http://given.example/debian')
    expect((await readAptMirror(etc)).uri).toBe('http://given.example/debian')
  })
})
