import type uPlot from 'uplot'
import type { GapSeen } from '../../daemon/contract/gap.ts'
import { gapWords } from '../../daemon/words/gaps.ts'

/** A stretch of time without full observation; `to` is infinite while it lasts. */
export type Band = { from: number; to: number; seen: GapSeen }
/** A moment worth a line. */
export type Mark = { time: number; label: string }

export type BandColors = {
  hatch: string
  /** The ground of a stretch in which nothing was seen. */
  ground: string
  text: string
  halo: string
  mark: string
  font: string
}

/** As in styles/gaps.css: crossed on a ground of its own where nothing was seen, single lines where something was. */
const looks = {
  nothing: { step: 6, crossed: true },
  polling: { step: 11, crossed: false },
  most: { step: 11, crossed: false },
} satisfies Record<GapSeen, { step: number; crossed: boolean }>

/** Hatches each band over the whole height, so that "not seen" is never taken for "nothing happened". */
export function drawBands(u: uPlot, bands: Band[], colors: BandColors): void {
  const { left, top, width, height } = u.bbox
  const right = left + width
  const ratio = devicePixelRatio
  for (const band of bands) {
    const start = u.valToPos(band.from, 'x', true)
    const from = Math.max(left, start)
    const to = Number.isFinite(band.to) ? Math.min(right, u.valToPos(band.to, 'x', true)) : right
    if (to < left || start > right) continue
    const wide = Math.max(3 * ratio, to - from)
    const { step, crossed } = looks[band.seen]
    withClip(u.ctx, [from, top, wide, height], () => {
      if (crossed) {
        u.ctx.fillStyle = colors.ground
        u.ctx.fillRect(from, top, wide, height)
      }
      u.ctx.strokeStyle = colors.hatch
      u.ctx.lineWidth = ratio
      u.ctx.beginPath()
      for (let x = from - height; x < from + wide; x += step * ratio) {
        u.ctx.moveTo(x, top + height)
        u.ctx.lineTo(x + height, top)
        if (!crossed) continue
        u.ctx.moveTo(x, top)
        u.ctx.lineTo(x + height, top + height)
      }
      u.ctx.stroke()
      label(u.ctx, [gapWords[band.seen]], from + 4 * ratio, top + 12 * ratio, wide, colors)
    })
  }
}

/** Draws a labelled line at each moment. */
export function drawMarks(u: uPlot, marks: Mark[], colors: BandColors): void {
  const { left, top, width, height } = u.bbox
  for (const mark of marks) {
    const x = Math.round(u.valToPos(mark.time, 'x', true))
    if (x < left || x > left + width) continue
    withClip(u.ctx, [left, top, width, height], () => {
      u.ctx.strokeStyle = colors.mark
      u.ctx.lineWidth = devicePixelRatio
      u.ctx.setLineDash([4 * devicePixelRatio, 4 * devicePixelRatio])
      u.ctx.beginPath()
      u.ctx.moveTo(x, top)
      u.ctx.lineTo(x, top + height)
      u.ctx.stroke()
      u.ctx.font = colors.font
      const textWidth = u.ctx.measureText(mark.label).width
      const gap = 5 * devicePixelRatio
      const after = x + gap + textWidth < left + width
      label(
        u.ctx,
        [mark.label],
        after ? x + gap : x - gap - textWidth,
        top + 12 * devicePixelRatio,
        width,
        colors,
      )
    })
  }
}

type Box = [left: number, top: number, width: number, height: number]

function withClip(ctx: CanvasRenderingContext2D, box: Box, draw: () => void): void {
  ctx.save()
  ctx.beginPath()
  ctx.rect(...box)
  ctx.clip()
  draw()
  ctx.restore()
}

/** The first of the texts that fits, or none; on a halo of the surface, to be readable on hatching. */
function label(
  ctx: CanvasRenderingContext2D,
  texts: string[],
  x: number,
  y: number,
  room: number,
  colors: BandColors,
) {
  ctx.font = colors.font
  const text = texts.find((one) => ctx.measureText(one).width + 8 * devicePixelRatio <= room)
  if (text === undefined) return
  ctx.textAlign = 'left'
  ctx.textBaseline = 'alphabetic'
  ctx.setLineDash([])
  ctx.strokeStyle = colors.halo
  ctx.lineWidth = 4 * devicePixelRatio
  ctx.strokeText(text, x, y)
  ctx.fillStyle = colors.text
  ctx.fillText(text, x, y)
}
