/** Where somebody is: as the device measures it, or as they have put themselves on the map. */

import { between, type Point } from './geo'
import { keep, kept } from '../storage/database'

const MOVED_M = 5

export class Here {
  point = $state.raw<Point | null>(null)
  /** Put on the map by hand: the phone cannot tell, or the city is a played one. */
  byHand = $state(false)
  denied = $state(false)
  #watch: number | null = null

  private constructor(
    private readonly database: IDBDatabase,
    private readonly name: string,
  ) {}

  static async open(database: IDBDatabase, account: string): Promise<Here> {
    const here = new Here(database, `place:${account}`)
    const before = (await kept(database, here.name)) as { point: Point | null; byHand: boolean } | undefined
    here.point = before?.point ?? null
    here.byHand = before?.byHand ?? false
    if (!here.byHand) here.measure()
    return here
  }

  /** Follows the phone's own measurement. */
  measure(): void {
    this.byHand = false
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
      () => (this.denied = true),
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
    keep(this.database, this.name, { point, byHand: this.byHand }).catch((error: unknown) =>
      console.error(error),
    )
  }
}
