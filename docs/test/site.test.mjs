// The built site in a real browser. CHROMIUM names another one than Debian's; SITE another directory than the built one.
import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { chromium } from 'playwright-core'
import { serve } from './serve.mjs'

const root = process.env.SITE ?? new URL('../.vitepress/dist', import.meta.url).pathname
const pages = readdirSync(root, { recursive: true }).filter((f) => f.endsWith('.html') && f !== '404.html').map((f) => '/' + f)
const heaviest = 300 << 10 // of a page with all that it loads
const phone = { width: 390, height: 844 }

let site, browser
const seen = new Map() // of each page: the ids in it, and its links

before(async () => {
  site = await serve(root)
  browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox', '--disable-quic'] })
})
after(async () => {
  await browser?.close()
  site?.close()
})

// open shows a page in a browser that has seen none before, and returns what it complained of and how much it loaded.
async function open(t, path, options) {
  const context = await browser.newContext(options)
  t.after(() => context.close())
  const page = await context.newPage()
  const complaints = []
  page.on('console', (m) => m.type() === 'error' && complaints.push(m.text()))
  page.on('pageerror', (e) => complaints.push(String(e)))
  page.on('requestfailed', (r) => complaints.push(`${r.url()}: ${r.failure().errorText}`))
  page.on('response', (r) => r.ok() || complaints.push(`${r.url()}: ${r.status()}`))
  await context.route((url) => url.origin !== site.origin, (route) => {
    complaints.push(`asks another host: ${route.request().url()}`)
    return route.abort()
  })
  let loaded = 0
  const network = await context.newCDPSession(page)
  await network.send('Network.enable')
  network.on('Network.loadingFinished', (e) => (loaded += e.encodedDataLength))
  await page.goto(site.origin + path, { waitUntil: 'networkidle' })
  await page.waitForFunction(() => document.querySelector('#app').__vue_app__)
  return { page, complaints, loaded: () => loaded }
}

for (const path of pages) {
  test(`${path} opens, is light, and fits a phone`, async (t) => {
    const at = await open(t, path)
    assert.ok(at.loaded() <= heaviest, `${at.loaded()} bytes`)
    seen.set(path, await at.page.evaluate(() => ({
      ids: [...document.querySelectorAll('[id]')].map((e) => e.id),
      links: [...document.querySelectorAll('a[href]')].map((a) => a.href),
    })))
    await at.page.setViewportSize(phone)
    const wide = await at.page.evaluate(() => {
      const scrolls = (e) => e && (getComputedStyle(e).overflowX !== 'visible' || scrolls(e.parentElement))
      return [...document.querySelectorAll('.VPContent *')]
        .filter((e) => e.getBoundingClientRect().right > innerWidth + 1 && !scrolls(e.parentElement))
        .map((e) => `${e.tagName} ${e.textContent.trim().slice(0, 60)}`)
    })
    assert.deepEqual(wide, [], 'wider than a phone')
    assert.equal(await at.page.evaluate(() => document.documentElement.scrollWidth), phone.width)
    assert.deepEqual(at.complaints, [])
  })
}

test('no link within the site is dead', () => {
  const dead = new Map() // the link, and the last page that has it
  for (const [from, { links }] of seen) {
    for (const link of links) {
      const to = new URL(link)
      if (to.origin !== site.origin) continue
      const page = seen.get(to.pathname.replace(/\/$/, '/index.html'))
      if (!page?.ids.includes(decodeURIComponent(to.hash.slice(1))) && (to.hash || !page)) dead.set(to.pathname + to.hash, from)
    }
  }
  assert.deepEqual([...dead], [])
})

for (const [words, where] of [['inheriting', '/story.html'], ['继承', '/zh/story.html'], ['NewQueue', '/api/mp.html']]) {
  test(`search finds ${words}`, async (t) => {
    const at = await open(t, '/')
    await at.page.keyboard.press('Control+k')
    await at.page.fill('.VPLocalSearchBox input', words)
    await at.page.waitForSelector('.VPLocalSearchBox .result')
    const found = await at.page.$$eval('.VPLocalSearchBox .result', (results) => results.map((a) => new URL(a.href).pathname))
    assert.ok(found.includes(where), found.join(' '))
    await at.page.click(`.VPLocalSearchBox .result[href*="${where}"]`)
    await at.page.waitForURL((url) => url.pathname === where)
    assert.deepEqual(at.complaints, [])
  })
}

test('the button of a code block copies the code', async (t) => {
  const at = await open(t, '/', { permissions: ['clipboard-read', 'clipboard-write'] })
  const code = await at.page.textContent('.language-go code')
  await at.page.hover('.language-go')
  await at.page.click('.language-go button.copy')
  await at.page.waitForSelector('.language-go button.copied')
  assert.equal((await at.page.evaluate(() => navigator.clipboard.readText())).trim(), code.trim())
})

test('it can be dark, and stays so', async (t) => {
  const at = await open(t, '/')
  const dark = () => at.page.evaluate(() => document.documentElement.classList.contains('dark'))
  assert.equal(await dark(), false)
  await at.page.click('.VPNavBar .VPSwitchAppearance')
  assert.equal(await dark(), true)
  await at.page.goto(site.origin + pages.at(-1))
  assert.equal(await dark(), true)
})
