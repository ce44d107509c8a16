import { useEffect, useState } from 'preact/hooks'
import { preferences } from '../preferences.ts'
import { useStore } from '../store.ts'

const systemDark = matchMedia('(prefers-color-scheme: dark)')

/** Which colours are in force; a canvas has to be drawn anew when this changes. */
export function useColorScheme(): 'light' | 'dark' {
  const { theme } = useStore(preferences)
  const [dark, setDark] = useState(systemDark.matches)
  useEffect(() => {
    const take = () => setDark(systemDark.matches)
    systemDark.addEventListener('change', take)
    return () => systemDark.removeEventListener('change', take)
  }, [])
  return theme === 'system' ? (dark ? 'dark' : 'light') : theme
}

/** A custom property as a colour that a canvas understands (`light-dark()` resolved). */
export function cssColor(element: Element, property: string): string {
  const probe = document.createElement('span')
  probe.style.color = `var(${property})`
  element.append(probe)
  const color = getComputedStyle(probe).color
  probe.remove()
  return color
}
