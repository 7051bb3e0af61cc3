/** What stays on the device of somebody who logs out. */

import { forget } from '../storage/database'
import type { Role } from './session.svelte'

/**
 * Lets go of what the pages of an account keep to show: orders and jobs with their codes, customers' places, one's own.
 *
 * What is not heard of yet stays until its owner comes back: a courier's journal, requests, what played hands hold.
 */
export async function leaveNothing(database: IDBDatabase, role: Role, account: string): Promise<void> {
  await forget(database, [`account:${role}`, `orders:${account}`, `phone:${account}`, `place:${account}`])
}
