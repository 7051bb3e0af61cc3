/** What a view draws, put upon a style that may be somebody else's. */

import type { LayerSpecification, SourceSpecification, StyleSpecification } from 'maplibre-gl'

/** Returns the style with more drawn upon it, in a font that it has. */
export function upon(
  style: StyleSpecification,
  sources: Readonly<Record<string, SourceSpecification>>,
  layers: readonly LayerSpecification[],
): StyleSpecification {
  const font = style.glyphs === undefined ? null : fontIn(style.layers)
  const written = layers.map((layer) =>
    layer.type === 'symbol' && font !== null
      ? { ...layer, layout: { ...layer.layout, 'text-font': font } }
      : layer,
  )
  return { ...style, sources: { ...style.sources, ...sources }, layers: [...style.layers, ...written] }
}

/** Returns the first font that a style writes with: glyphs are served for its own fonts and for no others. */
function fontIn(layers: readonly LayerSpecification[]): string[] | null {
  for (const layer of layers) {
    const font: unknown = layer.type === 'symbol' ? layer.layout?.['text-font'] : undefined
    if (Array.isArray(font) && font.every((name) => typeof name === 'string') && font[0] !== 'literal')
      return font
  }
  return null
}
