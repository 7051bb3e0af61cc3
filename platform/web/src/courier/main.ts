import { mount } from 'svelte'
import '../ui/base.css'
import Page from './Page.svelte'
import './words'

const target = document.getElementById('page')
if (target === null) throw new Error('the page has no place to be in')
mount(Page, { target })
