/**
 * Hands for a played city: where cabinets and people are simulated, somebody must type at the keypad and knock.
 *
 * Each thing that is done has an id, kept before it is tried: after a reload the same is asked again, and the
 * played world answers without moving a second bank. In a real town nobody has these topics, and this is not shown.
 */

import type { Link } from '../device/link.svelte'
import type { BankStatus, CabinetAnswered, DoorAnswered } from '../protocol/generated'
import { messageId } from '../protocol/ids'
import type { Account } from '../session/session.svelte'
import { keep, kept } from '../storage/database'
import type { Task } from './steps'

interface Memory {
  readonly banks: Readonly<Record<string, readonly BankStatus[]>>
  readonly tries: Readonly<Record<string, number>>
  readonly asking: readonly string[]
}

// What is known of a bank that somebody put into the courier's hands by its number alone.
const WORN: Omit<BankStatus, 'bank'> = { charge_pct: 20, health_pct: 95, temperature_c: 25, cycles: 10 }
const NOTHING: Memory = { banks: {}, tries: {}, asking: [] }

export class Hands {
  memory = $state.raw<Memory>(NOTHING)

  private constructor(
    private readonly account: Account,
    private readonly database: IDBDatabase,
    private readonly link: Link,
  ) {}

  static async open(account: Account, database: IDBDatabase, link: Link): Promise<Hands> {
    const hands = new Hands(account, database, link)
    hands.memory = ((await kept(database, `hands:${account.id}`)) as Memory | undefined) ?? NOTHING
    return hands
  }

  held(job: string): readonly BankStatus[] {
    return this.memory.banks[job] ?? []
  }

  /** Types the job's code at the cabinet; returns what its display says. */
  async typeCode({ job }: Task): Promise<CabinetAnswered> {
    const answer = (await this.#try(job.job, 'type', (id) =>
      this.link.ask(
        'courier_hands',
        { courier: this.account.id, cabinet: job.cabinet },
        'chargeloop.world.code_typed.v1',
        { code: job.code },
        id,
      ),
    )) as CabinetAnswered
    await this.#take(job.job, answer.banks ?? [])
    return answer
  }

  /** Takes these banks too, known by their numbers alone. */
  async hold(job: string, banks: readonly string[]): Promise<void> {
    await this.#take(
      job,
      banks.map((bank) => ({ bank, ...WORN })),
    )
  }

  /** Pushes one bank in; tells whether the cabinet took it. */
  async insert({ job }: Task, bank: BankStatus): Promise<CabinetAnswered> {
    const answer = (await this.#try(job.job, `insert.${bank.bank}`, (id) =>
      this.link.ask(
        'courier_hands',
        { courier: this.account.id, cabinet: job.cabinet },
        'chargeloop.world.bank_inserted.v1',
        { bank, code: job.code },
        id,
      ),
    )) as CabinetAnswered
    if (answer.accepted) {
      const rest = this.held(job.job).filter((other) => other.bank !== bank.bank)
      await this.#remember({ ...this.memory, banks: { ...this.memory.banks, [job.job]: rest } })
    }
    return answer
  }

  /** Knocks at the user's door; returns what they do. */
  async knock({ job }: Task): Promise<DoorAnswered> {
    const delivering = job.leg === 'outward'
    const answer = (await this.#try(job.job, 'knock', (id) =>
      this.link.ask(
        'door_knock',
        { courier: this.account.id, user: job.user },
        'chargeloop.world.knocked.v1',
        { job: job.job, delivering, banks: delivering ? this.held(job.job) : [] },
        id,
      ),
    )) as DoorAnswered
    if (!delivering) await this.#take(job.job, answer.banks ?? [])
    else if (answer.present)
      await this.#remember({ ...this.memory, banks: { ...this.memory.banks, [job.job]: [] } })
    return answer
  }

  async #try(job: string, what: string, ask: (id: string) => Promise<{ data: unknown }>): Promise<unknown> {
    const key = `${job}.${what}`
    const pending = this.memory.asking.includes(key)
    const number = (this.memory.tries[key] ?? 0) + (pending ? 0 : 1)
    await this.#remember({
      ...this.memory,
      tries: { ...this.memory.tries, [key]: number },
      asking: [...this.memory.asking.filter((other) => other !== key), key],
    })
    const { data } = await ask(messageId(this.account.id, key, number))
    await this.#remember({ ...this.memory, asking: this.memory.asking.filter((other) => other !== key) })
    return data
  }

  async #take(job: string, banks: readonly BankStatus[]): Promise<void> {
    const held = this.held(job)
    const more = banks.filter((bank) => !held.some((other) => other.bank === bank.bank))
    await this.#remember({ ...this.memory, banks: { ...this.memory.banks, [job]: [...held, ...more] } })
  }

  async #remember(memory: Memory): Promise<void> {
    this.memory = memory
    await keep(this.database, `hands:${this.account.id}`, memory)
  }
}
