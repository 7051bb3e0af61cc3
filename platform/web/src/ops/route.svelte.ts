/** Where in the console one is: its address, so that every place can be linked to and gone back from. */

const ROOT = '/ops'

class Route {
  path = $state(location.pathname)

  constructor() {
    addEventListener('popstate', () => (this.path = location.pathname))
  }

  /** The words of the path after `/ops`. */
  get parts(): readonly string[] {
    return this.path.slice(ROOT.length).split('/').filter(Boolean).map(decodeURIComponent)
  }

  go(path: string): void {
    if (path === this.path) return
    history.pushState(null, '', path)
    this.path = path
    scrollTo(0, 0)
  }

  /** Follows a link of the console without loading the page anew. */
  follow(event: MouseEvent): void {
    const link = event.target instanceof Element ? event.target.closest('a') : null
    if (link === null || event.defaultPrevented || event.button !== 0) return
    if (event.metaKey || event.ctrlKey || event.shiftKey || link.target !== '' || link.download !== '') return
    const url = new URL(link.href)
    if (url.origin !== location.origin || !url.pathname.startsWith(ROOT)) return
    event.preventDefault()
    this.go(url.pathname)
  }
}

export const route = new Route()

export function pathOf(kind: 'order' | 'cabinet' | 'courier', id: string): string {
  return `${ROOT}/${kind}s/${encodeURIComponent(id)}`
}
