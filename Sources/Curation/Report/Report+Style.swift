extension Report {
    /// Follows the reader's light or dark. Charts take their colours from here, so that a page has one set of them.
    static let style = """
        :root{--ink:#1c2430;--soft:#5b6675;--paper:#fff;--line:#dfe4ea;--kept:#2f7ebc;--dropped:#e08a3c;--tile:#f4f6f9}
        @media(prefers-color-scheme:dark){:root{--ink:#e6eaf0;--soft:#9aa6b5;--paper:#14181e;--line:#2d3540;\
        --kept:#5aa5de;--dropped:#e59a55;--tile:#1d232b}}
        body{margin:0;background:var(--paper);color:var(--ink);font:15px/1.5 system-ui,sans-serif}
        main{max-width:820px;margin:0 auto;padding:24px 20px 60px}
        h1{font-size:26px;margin:0 0 4px}h2{font-size:18px;margin:36px 0 10px}
        p{margin:6px 0}code,pre{font:13px/1.45 ui-monospace,monospace}
        pre{background:var(--tile);padding:12px 14px;border-radius:6px;overflow-x:auto}
        .warning{border-left:4px solid var(--dropped);padding:4px 10px;background:var(--tile)}
        .tiles{display:flex;flex-wrap:wrap;gap:10px;margin:16px 0}
        .tiles div{background:var(--tile);border-radius:6px;padding:10px 16px;min-width:96px}
        .tiles b{display:block;font-size:22px;line-height:1.2}.tiles span{color:var(--soft);font-size:13px}
        .legend{color:var(--soft);font-size:13px}.legend i{display:inline-block;width:12px;height:12px;\
        border-radius:2px;margin:0 4px 0 10px;vertical-align:-1px}
        i.kept{background:var(--kept)}i.dropped{background:var(--dropped)}
        svg{display:block;width:100%;height:auto;margin:8px 0;font-family:system-ui,sans-serif}
        svg text{fill:var(--ink);font-size:13px}svg .tick,svg .axis{fill:var(--soft);font-size:12px}
        svg .grid{stroke:var(--line)}svg .rule{stroke:var(--soft)}
        svg .kept{fill:var(--kept)}svg .dropped{fill:var(--dropped)}
        svg .curve{fill:none;stroke:var(--kept);stroke-width:2}svg .point{fill:var(--dropped)}
        td:nth-child(2){min-width:150px}td:nth-child(3){min-width:130px}
        table{border-collapse:collapse;width:100%;font-size:13px}
        th{text-align:left;color:var(--soft);font-weight:600}
        th,td{padding:5px 10px 5px 0;border-bottom:1px solid var(--line);vertical-align:top;overflow-wrap:anywhere;\
        white-space:pre-wrap}
        """
}
