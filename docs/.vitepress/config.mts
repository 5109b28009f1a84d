import { readdirSync, statSync } from 'node:fs'
import { posix } from 'node:path'
import { defineConfig } from 'vitepress'

const repository = 'https://github.com/go-multiprocessing/multiprocessing'
const docs = new URL('..', import.meta.url).pathname
const packages = readdirSync(docs + 'api').filter((f) => f !== 'index.md').map((f) => f.replace('.md', ''))

// It has no address, so that it is right below any base.
const icon = `data:image/svg+xml,${encodeURIComponent('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"><path fill="#3451b2" d="M0 0h5v5H0z"/><path fill="#a8b1ff" d="M3 3h5v5H3z"/></svg>')}`

const page = (text: string, link: string) => ({ text, link })

// The addresses of headings are those of GitHub, as the pages are read there, too.
const slugify = (heading: string) =>
  heading.trim().toLowerCase().replace(/[^\p{L}\p{M}\p{N}\p{Pc}\- ]/gu, '').replace(/ /g, '-')

// Where a relative link of a page goes on the site: another page, the API page of a package, or a file of the repository.
function address(from: string, href: string) {
  const [path, hash] = href.split('#')
  const target = posix.join('docs', posix.dirname(from), path)
  const fragment = hash ? '#' + hash : ''
  if (target.startsWith('docs/') && target.endsWith('.md')) return target.slice('docs'.length).toLowerCase() + fragment
  const name = target.match(/^mp\/(?:(\w+)\/?)?(?:doc\.go)?$/)
  if (name && packages.includes(name[1] ?? 'mp') && !/^L\d/.test(hash)) return `/api/${name[1] ?? 'mp'}.md${fragment}`
  return `${repository}/${statSync(docs + '../' + target).isDirectory() ? 'tree' : 'blob'}/main/${target}${fragment}`
}

export default defineConfig({
  title: 'multiprocessing',
  description: "Package mp runs Go functions in other processes, as Python's multiprocessing runs Python's.",
  lang: 'en',
  head: [['link', { rel: 'icon', type: 'image/svg+xml', href: icon }]],
  rewrites: (id) => id.toLowerCase(),
  router: { prefetchLinks: false }, // it would load what the sidebar lists, on every page
  transformHtml: (html, _id, { pageData }) =>
    pageData.relativePath.startsWith('zh/') ? html.replace('<html lang="en"', '<html lang="zh-CN"') : html,
  markdown: {
    anchor: { slugify },
    config(md) {
      md.core.ruler.push('addresses', ({ tokens, env }) => {
        for (const token of tokens.flatMap((t) => t.children ?? [])) {
          const href = token.type === 'link_open' ? token.attrGet('href') : null
          if (href && !/^([a-z]+:|#|\/)/.test(href)) token.attrSet('href', address(env.relativePath, href))
        }
      })
    },
  },
  themeConfig: {
    outline: [2, 3],
    nav: [
      page('Start', '/start'),
      page('Guide', '/guide/process'),
      page('The story', '/story'),
      page('API', '/api/mp'),
      page('GitHub', repository),
    ],
    sidebar: [
      { text: 'Start', items: [page('What it is', '/'), page('Getting started', '/start'), page('From Python', '/python'), page('Compare', '/compare')] },
      { text: 'The story', items: [page('The famous error', '/story'), page('那个著名的错误', '/zh/story')] },
      {
        text: 'Guide',
        items: [
          page('Process', '/guide/process'),
          page('Pool', '/guide/pool'),
          page('Queue', '/guide/queue'),
          page('Pipe', '/guide/pipe'),
          page('Locks', '/guide/locks'),
          page('Shared memory', '/guide/memory'),
          page('DataLoader', '/dataloader'),
          page('Limits', '/limits'),
          page('Recipes', '/recipes'),
          page('Debugging', '/debugging'),
          page('FAQ', '/faq'),
        ],
      },
      { text: 'How it works', items: [page('In short', '/how'), page('In depth', '/architecture')] },
      {
        text: 'Facts',
        items: [
          page('Performance', '/performance'),
          page('Reliability', '/reliability'),
          page('Platforms', '/platforms'),
          page('Conformance', '/conformance'),
        ],
      },
      { text: 'API reference', collapsed: true, items: packages.map((name) => page(name, '/api/' + name)) },
    ],
    search: {
      provider: 'local',
      options: {
        miniSearch: {
          options: {
            // Chinese is written without spaces: each two neighbours are a word. This function runs in the browser, too.
            tokenize: (text) =>
              text.split(/[\n\r\p{Z}\p{P}]+/u).flatMap((word) =>
                (word.match(/\p{Script=Han}+|[^\p{Script=Han}]+/gu) ?? []).flatMap((part) =>
                  /\p{Script=Han}{2}/u.test(part) ? Array.from(part).slice(1).map((c, i) => Array.from(part)[i] + c) : [part],
                ),
              ),
          },
        },
      },
    },
  },
})
