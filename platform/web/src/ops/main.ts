import { mount } from 'svelte'
import '../ui/base.css'
import './ops.css'
import Page from './Page.svelte'

const target = document.getElementById('page')
if (target === null) throw new Error('the page has no place to be in')
mount(Page, { target })
