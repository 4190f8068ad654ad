//! Real prose in ten languages, for screenshots and layout: it says nothing about the source,
//! but looks as a page in that language looks.

/// Sentences in a language, or none: then the style Marked is used.
pub fn sentences(lc: &str) -> Option<&'static [&'static str]> {
    let language = lc.split('-').next().unwrap_or(lc);
    PROSE.iter().find(|(code, _)| *code == language).map(|(_, sentences)| *sentences)
}

/// True if words are written without spaces between them.
pub fn is_dense(lc: &str) -> bool {
    lc.starts_with("ja") || lc.starts_with("zh")
}

const PROSE: &[(&str, &[&str])] = &[
    (
        "en",
        &[
            "The old library opens early on Saturdays.",
            "From the top floor you can see the harbour and the hills behind it.",
            "Most visitors come for the maps.",
            "A quiet garden lies between the two buildings, with benches under the trees.",
        ],
    ),
    (
        "ja",
        &[
            "古い図書館は土曜日の朝早くから開いています。",
            "最上階からは港とその向こうの丘が見えます。",
            "多くの人が地図を見に訪れます。",
            "二つの建物の間には静かな庭があり、木陰にベンチが並んでいます。",
        ],
    ),
    (
        "de",
        &[
            "Die alte Bibliothek öffnet samstags schon früh.",
            "Vom obersten Stockwerk sieht man den Hafen und die Hügel dahinter.",
            "Die meisten Besucher kommen wegen der Landkarten.",
            "Zwischen den beiden Gebäuden liegt ein stiller Garten mit Bänken unter den Bäumen.",
        ],
    ),
    (
        "fr",
        &[
            "La vieille bibliothèque ouvre tôt le samedi.",
            "Du dernier étage, on voit le port et les collines derrière.",
            "La plupart des visiteurs viennent pour les cartes.",
            "Un jardin tranquille s'étend entre les deux bâtiments, avec des bancs sous les arbres.",
        ],
    ),
    (
        "es",
        &[
            "La antigua biblioteca abre temprano los sábados.",
            "Desde el último piso se ven el puerto y las colinas que hay detrás.",
            "La mayoría de los visitantes viene por los mapas.",
            "Entre los dos edificios hay un jardín tranquilo, con bancos bajo los árboles.",
        ],
    ),
    (
        "it",
        &[
            "La vecchia biblioteca apre presto il sabato.",
            "Dall'ultimo piano si vedono il porto e le colline alle sue spalle.",
            "La maggior parte dei visitatori viene per le mappe.",
            "Tra i due edifici c'è un giardino silenzioso, con panchine sotto gli alberi.",
        ],
    ),
    (
        "pt",
        &[
            "A antiga biblioteca abre cedo aos sábados.",
            "Do último andar vê-se o porto e as colinas atrás dele.",
            "A maioria dos visitantes vem por causa dos mapas.",
            "Entre os dois edifícios há um jardim tranquilo, com bancos debaixo das árvores.",
        ],
    ),
    (
        "zh",
        &[
            "老图书馆星期六很早就开门。",
            "从顶楼可以看到港口和后面的山丘。",
            "大多数人是来看地图的。",
            "两座楼之间有一个安静的花园，树下摆着长椅。",
        ],
    ),
    (
        "ko",
        &[
            "오래된 도서관은 토요일마다 일찍 문을 엽니다.",
            "꼭대기 층에서는 항구와 그 뒤의 언덕이 보입니다.",
            "방문객은 대부분 지도를 보러 옵니다.",
            "두 건물 사이에는 조용한 정원이 있고 나무 아래에 벤치가 놓여 있습니다.",
        ],
    ),
    (
        "ru",
        &[
            "Старая библиотека по субботам открывается рано.",
            "С верхнего этажа видны гавань и холмы за ней.",
            "Большинство посетителей приходит ради карт.",
            "Между двумя зданиями лежит тихий сад со скамейками под деревьями.",
        ],
    ),
];
