//! Text that is nothing but text in HTML and in SVG.

use std::fmt;

/// Shows any text so that it stays text, in an element and in a quoted attribute alike (HTML Living Standard §13.3).
///
/// Control and direction-changing characters are no concern of it: what a report holds is escaped for terminals already.
pub(super) struct Plain<T>(pub(super) T);

impl<T: fmt::Display> fmt::Display for Plain<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.0.to_string().chars() {
            match character {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                other => write!(f, "{other}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_opens_or_closes_anything() {
        let shown = Plain("<a href='x' on=\"y\">&amp;</a>").to_string();
        assert_eq!(shown, "&lt;a href=&#39;x&#39; on=&quot;y&quot;&gt;&amp;amp;&lt;/a&gt;");
    }
}
