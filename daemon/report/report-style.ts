/** The page's own style: no script, nothing from outside; colours as on the dashboard. */
export const reportStyle = `
:root{color-scheme:light dark;--page:#f4f5f6;--surface:#fff;--sunken:#f4f5f6;--ink:#171a1d;--muted:#586069;--line:#e1e4e8;--edge:#868f98;--link:#1a5a99;--ok:#1a6b3c;--warning:#855300;--warning-back:#fdf4e3;--critical:#b0231b;--critical-back:#fdefee;--fill:rgb(26 90 153/.12);--hatch:#b9bfc6;--mark:#fbeab5}
@media (prefers-color-scheme:dark){:root{--page:#101316;--surface:#181c20;--sunken:#12161a;--ink:#e4e8ec;--muted:#9ba5af;--line:#2a3036;--edge:#6b757f;--link:#82b7ee;--ok:#6fcf8f;--warning:#f0b84c;--warning-back:#2a2113;--critical:#ff8f85;--critical-back:#301716;--fill:rgb(130 183 238/.16);--hatch:#4a525a;--mark:#4a3d10}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif;font-variant-numeric:tabular-nums;overflow-wrap:break-word}
main{max-width:60rem;margin:0 auto;padding:1rem}
h1{font-size:1.5rem;line-height:1.25;margin:0 0 .25rem}
h2{font-size:1.1rem;margin:0 0 .75rem}
h3{font-size:1rem;margin:0}
p{margin:0 0 .5rem}
section,header{background:var(--surface);border:1px solid var(--line);border-radius:8px;padding:1rem 1.25rem;margin:0 0 1rem}
.kicker,.muted,figcaption,th,dt{color:var(--muted)}
.kicker,figcaption,th,dt,.small{font-size:.85rem}
.lead{font-size:1.2rem;line-height:1.4;font-weight:600;margin:.75rem 0}
.held .lead{border-left:5px solid var(--critical);background:var(--critical-back);padding:.6rem .9rem;border-radius:4px}
p,dd,h1,h3,li,td,footer,summary,figcaption,.kicker,.tag{overflow-wrap:anywhere}
code,pre,.mono{font-family:ui-monospace,"SF Mono",Menlo,Consolas,"DejaVu Sans Mono",monospace;font-size:.86em}
pre{background:var(--sunken);border:1px solid var(--line);border-radius:6px;padding:.6rem .75rem;margin:.5rem 0 0;white-space:pre-wrap;overflow-wrap:anywhere;line-height:1.45}
mark{background:var(--mark);color:inherit;font-weight:600}
dl.facts{display:grid;grid-template-columns:repeat(auto-fill,minmax(12rem,1fr));gap:.6rem 1.5rem;margin:1rem 0 0}
dl.facts .wide{grid-column:1/-1}
dt{margin:0}dd{margin:0}
.task{border-top:1px solid var(--line);padding:.75rem 0}
.task:first-of-type{border-top:0;padding-top:0}
.task:last-child{padding-bottom:0}
.task-head{display:flex;flex-wrap:wrap;gap:.25rem .75rem;align-items:baseline}
.task-head .for{margin-left:auto;font-weight:600}
.tag{border:1px solid var(--edge);border-radius:4px;padding:0 .4rem;font-size:.8rem;color:var(--muted)}
.task-head>*,ol.timeline .text{min-width:0}
.tag.critical,.tag.stalled{color:var(--critical);border-color:currentColor}
.tag.warning,.tag.skipped{color:var(--warning);border-color:currentColor}
.tag.ok{color:var(--ok);border-color:currentColor}
summary{cursor:pointer;color:var(--link);margin-top:.35rem}
.wide-table{overflow-x:auto}
table{border-collapse:collapse;width:100%}
th,td{text-align:left;vertical-align:top;padding:.35rem .75rem .35rem 0;border-bottom:1px solid var(--line)}
th{font-weight:500}tr:last-child td{border-bottom:0}
td.num,th.num{text-align:right}
ol.timeline{list-style:none;margin:0;padding:0}
ol.timeline li{display:grid;grid-template-columns:7.5rem 7rem minmax(0,1fr);gap:.75rem;padding:.2rem 0;border-bottom:1px solid var(--line)}
ol.timeline li:last-child{border-bottom:0}
ol.timeline .mono{white-space:nowrap;text-align:right}
ol.timeline .mono.muted{text-align:left}
ol.timeline .key{font-weight:600}
ol.timeline .left-out{display:block;color:var(--muted)}
figure.curve{margin:0}
.plot{position:relative;margin-left:3.25rem;height:12rem}
.plot svg{width:100%;height:100%;display:block;overflow:visible}
.y-axis span{position:absolute;right:calc(100% + .5rem);transform:translateY(-50%);font-size:.8rem;color:var(--muted)}
.x-axis{display:flex;justify-content:space-between;margin:.35rem 0 .25rem 3.25rem;font-size:.8rem;color:var(--muted)}
.curve .line{fill:none;stroke:var(--link);stroke-width:2;vector-effect:non-scaling-stroke}
.curve .area{fill:var(--fill)}
.curve .grid{stroke:var(--line);vector-effect:non-scaling-stroke}
.curve .mark{stroke:var(--warning);stroke-dasharray:4 3;vector-effect:non-scaling-stroke}
.curve .gap{fill:none;stroke:var(--hatch)}
ul{margin:0;padding-left:1.2rem}
footer{color:var(--muted);font-size:.85rem;padding:0 0 2rem}
@media (max-width:40rem){main{padding:.5rem}section,header{padding:.85rem .9rem}dl.facts{grid-template-columns:repeat(auto-fill,minmax(8.5rem,1fr));gap:.5rem 1rem}h1{font-size:1.25rem}.lead{font-size:1.08rem}
ol.timeline li{grid-template-columns:minmax(0,1fr) auto;gap:0 .75rem;padding:.4rem 0}ol.timeline .mono{text-align:left}ol.timeline .text{grid-column:1/-1}
table.cards thead{display:none}table.cards tr{display:block;border-bottom:1px solid var(--line);padding:.4rem 0}table.cards tr:last-child{border:0}table.cards,table.cards tbody{display:block}table.cards td>span{min-width:0}table.cards td,table.cards td.num{display:flex;gap:.75rem;text-align:left;border:0;padding:.1rem 0}table.cards td::before{content:attr(data-label);color:var(--muted);font-size:.85rem;flex:0 0 6.5rem}}
@media print{:root{color-scheme:light;--page:#fff;--surface:#fff;--sunken:#fff;--ink:#000;--muted:#444;--line:#ccc;--edge:#777;--link:#1a5a99;--ok:#1a6b3c;--warning:#855300;--critical:#b0231b;--critical-back:#fff;--fill:rgb(26 90 153/.12);--hatch:#b9bfc6;--mark:#fff}
body{font-size:10.5pt;background:#fff}main{max-width:none;padding:0}section,header{border:0;padding:0;margin:0 0 1.1rem}pre{white-space:pre-wrap}.task,figure,tr,ol.timeline li{break-inside:avoid}h2{break-after:avoid}details::details-content{content-visibility:visible;display:block}summary{display:none}mark{text-decoration:underline}}
`
