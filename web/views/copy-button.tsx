import { useEffect, useState } from 'preact/hooks'

/** Copies text, also where the page is served without TLS and the clipboard API is therefore missing. */
async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    const area = document.createElement('textarea')
    area.value = text
    area.className = 'visually-hidden'
    document.body.append(area)
    area.select()
    const done = document.execCommand('copy')
    area.remove()
    return done
  }
}

export function CopyButton({ text, label }: { text: string; label: string }) {
  const [said, setSaid] = useState<string | null>(null)
  useEffect(() => {
    if (said === null) return
    const timer = setTimeout(() => setSaid(null), 2_000)
    return () => clearTimeout(timer)
  }, [said])
  return (
    <button
      type="button"
      class="button"
      onClick={async () => setSaid((await copy(text)) ? 'Copied' : 'The browser refused')}
    >
      <span aria-live="polite">{said ?? label}</span>
    </button>
  )
}
