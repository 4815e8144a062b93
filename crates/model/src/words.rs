//! Words that made text consists of.

/// Common words of four letters: one token each in most vocabularies, so that texts of equal
/// length cost about the same number of tokens. 256 of them give 8 bits a word.
pub const WORDS: &str = "able acid aged also area army away baby back ball band bank base bath bear \
beat beef been beer bell belt best bike bill bird blow blue boat body bold bond bone book boot \
born boss both bowl bulk burn bush busy cake call calm came camp card care case cash cast cell \
chat chef chin city clay club coal coat code cold come cook cool cope copy core corn cost crew \
crop dark data date dawn days dead deal dean dear debt deep deer desk dial diet dirt dish dock \
does door dose down draw drew drop drum dual duck duke dust duty each earn ease east easy edge \
else even ever exam exit face fact fail fair fall farm fast fate fear feed feel feet fell felt \
file fill film find fine fire firm fish five flag flat flew flow fold folk food foot ford fork \
form fort four free from fuel full fund gain game gate gave gear gene gift girl give glad goal \
goat gold golf gone good gray grew grey grid grow gulf hair half hall hand hang hard harm hate \
have head hear heat held hell help herb here hero high hill hint hire hold hole holy home hope \
horn host hour huge hunt hurt idea inch into iron item jack jane jazz join jump jury just keen \
keep kept kick kind king knee knew know lack lady laid lake lamp land lane last late lawn lead \
leaf lean left lend lens less life lift like line link lion list";

/// Common Chinese characters: about one token each.
pub const CHARACTERS: &str = "的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里用道行所然家种事成方多经么去法学如都同现当没动面起看定天分还进好小部其些主样理心本前开但因只从想实日军者意无力它与长把机十民第公此已工使情明性知全三又关点正业外将两高间由问很最重并物手应战向头文体政美相见被利什二等产或新己制身果加西斯月话合回特代内信表化老给世位次度门任常先海通教儿原东声提立及比员解水名真论处走义各入几口认条平系气题活尔更别打女变四神总何电数安少报才结反受目太量再感建务做接必场件计管期市直德资命山金指克许统区保至队形社便空决治展马科司五基眼书非则听白却界达光放强即像难且权思王象完设式色路记南品住告类求据程北边死张该交规万取拉格望觉术领共确传师观清今切院让识候带导争运笔";

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn there_are_256_different_words_of_four_letters() {
        let words: HashSet<&str> = WORDS.split_whitespace().collect();
        assert_eq!((words.len(), WORDS.split_whitespace().count()), (256, 256));
        assert!(words.iter().all(|word| word.len() == 4));
    }

    #[test]
    fn no_character_stands_twice() {
        let set: HashSet<char> = CHARACTERS.chars().collect();
        assert_eq!(set.len(), CHARACTERS.chars().count());
        assert!(set.len() >= 256);
    }
}
