/** The tree of topics: it grows with the branches and is counted only where somebody looks. */

import type { Branch } from './region'

export interface Twig {
  readonly name: string
  readonly path: string
  /** The filter for all that is beneath. */
  readonly filter: string
  readonly children: Map<string, Twig>
  /** The topics that are counted here. */
  readonly branches: Branch[]
}

export class Tree {
  readonly top = new Map<string, Twig>()
  #known = 0

  /** Adds the branches that are new; those known before stay where they are in their map. */
  grow(branches: ReadonlyMap<string, Branch>): Twig[] {
    if (branches.size > this.#known) {
      let at = 0
      for (const branch of branches.values()) if (at++ >= this.#known) this.#add(branch)
      this.#known = branches.size
    }
    return [...this.top.values()]
  }

  /** `cl/v1/<region>` is one level, for nobody needs three. */
  #add(branch: Branch): void {
    const [root = '', version = '', region = '', ...levels] = branch.path.split('/')
    let level = this.top
    let above = ''
    for (const [index, name] of [`${root}/${version}/${region}`, ...levels].entries()) {
      const path = above === '' ? name : `${above}/${name}`
      let twig = level.get(name)
      if (twig === undefined) {
        const filter = index === levels.length ? path : `${path}/#`
        level.set(name, (twig = { name, path, filter, children: new Map(), branches: [] }))
      }
      twig.branches.push(branch)
      level = twig.children
      above = path
    }
  }
}

/** Returns how many messages there have been beneath. */
export function countOf({ branches }: Twig): number {
  let count = 0
  for (const branch of branches) count += branch.count
  return count
}
