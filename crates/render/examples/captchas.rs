//! Writes sample captchas into a directory, to look at.

fn main() {
    let directory = std::env::args().nth(1).unwrap_or_else(|| ".".into());
    for (index, text) in ["ACDEFG", "HJKMNP", "QRTUVW", "XY3467", "9C6G3Q", "PJK369"].iter().enumerate() {
        let picture = render::captcha::picture(text, 1000 + index as u64);
        std::fs::write(format!("{directory}/{text}.png"), picture).expect("the directory can be written to");
    }
}
