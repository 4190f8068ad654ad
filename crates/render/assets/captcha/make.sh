#!/usr/bin/env bash
# Makes the clips of the captcha's spoken form: `en.clips` and `ja.clips`, both in the order of
# the alphabet. A clip is its length in four bytes, big end first, then so many samples: 8 kHz,
# mono, µ-law. Building and testing need none of this.
#
# The clips here were made by espeak-ng 1.51+dfsg-10+deb12u2 and sox 14.4.2+git20190427-3.5
# (Debian 12).
#
# The name of a letter alone is hard to make out at 8 kHz: C, D, E, G, P, T and V rhyme. So each
# comes with a word. In Japanese Q and 9 sound the same, so digits say that they are some.
set -euo pipefail
cd "$(dirname "$0")"

english=(
    'A, alpha' 'C, charlie' 'D, delta' 'E, echo' 'F, foxtrot' 'G, golf' 'H, hotel' 'J, juliet'
    'K, kilo' 'M, mike' 'N, november' 'P, papa' 'Q, quebec' 'R, romeo' 'T, tango' 'U, uniform'
    'V, victor' 'W, whiskey' 'X, x-ray' 'Y, yankee'
    'number three' 'number four' 'number six' 'number seven' 'number nine'
)
japanese=(
    'アメリカの、エー' 'チャイナの、シー' 'デンマークの、ディー' 'イングランドの、イー'
    'フランスの、エフ' 'ゴルフの、ジー' 'ホテルの、エイチ' 'ジャパンの、ジェー' 'キングの、ケー'
    'メキシコの、エム' 'ニッポンの、エヌ' 'パパの、ピー' 'クイーンの、キュー' 'ローマの、アール'
    'トーキョーの、ティー' 'ユニオンの、ユー' 'ビクトリーの、ブイ' 'ワシントンの、ダブルユー'
    'エックスレイの、エックス' 'ヨコハマの、ワイ'
    'すうじの、さん' 'すうじの、よん' 'すうじの、ろく' 'すうじの、なな' 'すうじの、きゅう'
)

# clips VOICE WORDS_PER_MINUTE TEXT…: no silence at the ends, little within, all about as loud.
# More treble, because 8 kHz takes most of an S or an F away.
clips() {
    local voice=$1 speed=$2 text length wav samples
    shift 2
    wav=$(mktemp --suffix .wav) samples=$(mktemp)
    for text; do
        espeak-ng -v "$voice" -s "$speed" -w "$wav" "$text"
        sox -D "$wav" -t ul -r 8000 -c 1 "$samples" rate 8000 highpass 120 \
            gain -n -9 treble +6 2500 gain -n -3 \
            silence -l 1 0.01 0.5% -1 0.12 0.5% fade t 0.005 \
            reverse silence 1 0.01 0.5% fade t 0.02 reverse gain -n -3
        length=$(stat -c %s "$samples")
        # shellcheck disable=SC2059
        printf "$(printf '\\0\\0\\x%02x\\x%02x' $((length / 256)) $((length % 256)))"
        cat "$samples"
    done
    rm "$wav" "$samples"
}

clips en-us 155 "${english[@]}" > en.clips
clips ja 155 "${japanese[@]}" > ja.clips
