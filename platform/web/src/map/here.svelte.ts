/** Where somebody is: as the device measures it, or as they have put themselves on the map. */

import { between, type Point } from './geo'
import { keep, kept } from '../storage/database'

const MOVED_M = 5
// Where a map begins as long as nobody has told anything: in the demo's city.
const CITY: Point = { lat: 43.452, lon: 5.233 }

export class Here {
  /** Where they are; null: not known, whatever was measured before the page was loaded. */
  point = $state.raw<Point | null>(null)
  /** Put on the map by hand: the phone cannot tell, or the city is a played one. */
  byHand = $state(false)
  /** Whether this page may not measure. */
  denied = $state(false)
  /** Where they were last, as far as known. */
  last = $state.raw<Point | null>(null)
  /** The middle of a map, which says nothing about where they are. */
  readonly centre: Point = $derived(this.last ?? CITY)
  #watch: number | null = null

  private constructor(
    private readonly database: IDBDatabase,
    private readonly name: string,
  ) {}

  static async open(database: IDBDatabase, account: string): Promise<Here> {
    const here = new Here(database, `place:${account}`)
    const before = (await kept(database, here.name)) as { point: Point | null; byHand: boolean } | undefined
    here.last = before?.point ?? null
    here.byHand = before?.byHand ?? false
    if (here.byHand) here.point = here.last
    else here.measure()
    return here
  }

  /** Follows the phone's own measurement. */
  measure(): void {
    this.byHand = false
    this.point = null
    this.stop()
    if (!('geolocation' in navigator)) {
      this.denied = true
      return
    }
    this.#watch = navigator.geolocation.watchPosition(
      ({ coords }) => {
        this.denied = false
        const point = { lat: coords.latitude, lon: coords.longitude }
        if (this.point === null || between(this.point, point) > MOVED_M) this.#set(point)
      },
      ({ code, PERMISSION_DENIED }) => {
        this.denied = code === PERMISSION_DENIED
        if (this.denied) this.point = null
      },
      { enableHighAccuracy: true, maximumAge: 5_000 },
    )
  }

  put(point: Point): void {
    this.stop()
    this.byHand = true
    this.#set(point)
  }

  stop(): void {
    if (this.#watch !== null) navigator.geolocation.clearWatch(this.#watch)
    this.#watch = null
  }

  #set(point: Point): void {
    this.point = point
    this.last = point
    keep(this.database, this.name, { point, byHand: this.byHand }).catch((error: unknown) =>
      console.error(error),
    )
  }
}
