#!/usr/bin/env bash
# Makes the clips of the captcha's spoken form: `en.clips` and `ja.clips`, both in the order of
# the alphabet. A clip is its length in four bytes, big end first, then so many samples: 8 kHz,
# mono, µ-law. Building and testing need none of this.
#
#     ./make.sh mei_normal.htsvoice
#
# The clips here were made on Debian 12 (amd64) by flite 2.2-5 (voice rms), open-jtalk 1.11-3
# with open-jtalk-mecab-naist-jdic 1.11-3, and sox 14.4.2+git20190427-3.5. The Japanese voice is
# not in Debian; the source package of pyopenjtalk 0.4.1 has it. The same versions give the same
# bytes. Licences: README.md.
#
# The name of a letter alone is hard to make out at 8 kHz: C, D, E, G, P, T and V rhyme. So each
# comes with a word. In Japanese Q and 9 sound the same, so digits say that they are some.
set -euo pipefail
mei=$(realpath "$1")
sha256sum --check --quiet <<< "f3be49a6838904a6c218790b64e07c3e83c1886e995dca284b413caab19184de  $mei"
cd "$(dirname "$0")"

english=(
    'A, alpha' 'C, charlie' 'D, delta' 'E, echo' 'F, foxtrot' 'G, golf' 'H, hotel' 'J, juliet'
    'K, kilo' 'M, mike' 'N, november' 'P, papa' 'Q, quebec' 'R, romeo' 'T, tango' 'U, uniform'
    'V, victor' 'W, whiskey' 'X, x-ray' 'Y, yankee'
    'number three' 'number four' 'number six' 'number seven' 'number nine'
)
# Two letters and the digits are written so that they are read シー, ジー, さん, よん, ろく, なな,
# きゅう: in kana the dictionary takes them for other words, or stresses them like such.
japanese=(
    'アメリカの、エー' 'チャイナの、Ｃ' 'デンマークの、ディー' 'イングランドの、イー'
    'フランスの、エフ' 'ゴルフの、Ｇ' 'ホテルの、エイチ' 'ジャパンの、ジェー' 'キングの、ケー'
    'メキシコの、エム' 'ニッポンの、エヌ' 'パパの、ピー' 'クイーンの、キュー' 'ローマの、アール'
    'トーキョーの、ティー' 'ユニオンの、ユー' 'ビクトリーの、ブイ' 'ワシントンの、ダブルユー'
    'エックスレイの、エックス' 'ヨコハマの、ワイ'
    '数字の、３' '数字の、４' '数字の、６' '数字の、７' '数字の、９'
)

work=$(mktemp -d)
trap 'rm -r "$work"' EXIT

# Both slower than the voices speak by themselves: it is a dictation.
speak_english() {
    flite -voice rms --setf duration_stretch=1.1 -t "$1" -o "$work/voice.wav"
}

speak_japanese() {
    open_jtalk -x /var/lib/mecab/dic/open-jtalk/naist-jdic -m "$mei" -r 0.7 \
        -ow "$work/voice.wav" <<< "$1"
}

# The loudness of a clip (root of the mean square, as a part of the greatest level), which leaves
# room for its peaks, and how many dB a recording lacks.
LEVEL=0.11
missing() {
    sox "$1" -n stat 2>&1 | awk -v level=$LEVEL \
        '/^RMS +amplitude/ { printf "%.2f", 20 * log(level / $3) / log(10) }'
}

# clips SPEAK TEXT…: no silence at the ends, little within, all equally loud. More treble,
# because 8 kHz takes most of an S or an F away.
clips() {
    local speak=$1 text length
    shift
    for text; do
        "$speak" "$text"
        sox -D "$work/voice.wav" -b 32 -r 8000 -c 1 "$work/clip.wav" \
            gain -n -9 rate 8000 highpass 120 treble +6 2500 gain -n -3 \
            silence -l 1 0.01 0.5% -1 0.12 0.5% fade t 0.005 \
            reverse silence 1 0.01 0.5% fade t 0.02 reverse
        sox -D "$work/clip.wav" -t ul "$work/clip.ul" gain "$(missing "$work/clip.wav")"
        length=$(stat -c %s "$work/clip.ul")
        # shellcheck disable=SC2059
        printf "$(printf '\\0\\0\\x%02x\\x%02x' $((length / 256)) $((length % 256)))"
        cat "$work/clip.ul"
    done
}

clips speak_english "${english[@]}" > en.clips
clips speak_japanese "${japanese[@]}" > ja.clips
