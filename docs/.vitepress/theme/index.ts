// The default theme with the fonts that the reader has.
import Theme from 'vitepress/theme-without-fonts'
import './style.css'

export default Theme
