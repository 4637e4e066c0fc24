//! A vector of integers, read as the kernel reads it.

/// The longest text of one integer, with its sign and prefix (`TMPBUFLEN` - 2).
const LONGEST: usize = 20;

/// The integers that the kernel accepts for one sysctl.
#[derive(Debug)]
pub struct Format {
    /// The dotted name, with `*` for an interface.
    pub name: &'static str,
    /// The length of the vector: the kernel reads at most so many integers, and accepts fewer.
    pub values: usize,
    /// The smallest integer that some kernel accepts.
    pub min: i64,
    /// The largest integer that some kernel accepts. `i64::MAX` stands for `u64::MAX` too.
    pub max: i64,
}

impl Format {
    /// Returns why every kernel refuses `value`, or `None` if some kernel sets all of it.
    pub fn refuse(&self, value: &str) -> Option<String> {
        let mut left = value;
        for nth in 0..self.values {
            left = left.trim_start_matches(is_space);
            if left.is_empty() && nth > 0 {
                return None;
            }
            let Some((number, rest)) = integer(left) else {
                return Some("takes integers".to_owned());
            };
            let Some(number) = number else {
                return Some("takes integers of at most 64 bits".to_owned());
            };
            if !(self.min..=self.max).contains(&number) {
                return Some(format!("takes integers from {} to {}", self.min, self.max));
            }
            left = rest;
        }
        let more = left.split(is_space).filter(|word| !word.is_empty()).count();
        let plural = if self.values == 1 { "" } else { "s" };
        (more > 0).then(|| {
            format!(
                "takes {} integer{plural}, not {}",
                self.values,
                self.values + more
            )
        })
    }

    /// Returns the first integer of `value`, or `None` if the value is refused.
    pub fn first(&self, value: &str) -> Option<i64> {
        match self.refuse(value) {
            None => integer(value.trim_start_matches(is_space))?.0,
            Some(_) => None,
        }
    }
}

/// The kernel's `isspace`.
fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t'..='\r')
}

/// Reads the integer at the start of `text` and returns it with the rest of the text.
///
/// Returns `None` if there is no integer, and no number if the kernel refuses its length or size. A number beyond
/// `i64::MAX` is read as `i64::MAX`.
fn integer(text: &str) -> Option<(Option<i64>, &str)> {
    let (sign, digits) = text
        .strip_prefix('-')
        .map_or((1, text), |digits| (-1, digits));
    let (radix, digits) = match digits.strip_prefix('0') {
        Some(octal) => match octal.strip_prefix(['x', 'X']) {
            Some(hex) => (16, hex),
            None => (8, digits),
        },
        None => (10, digits),
    };
    let rest = digits.trim_start_matches(|c: char| c.is_digit(radix));
    let digits = digits
        .strip_suffix(rest)
        .filter(|digits| !digits.is_empty())?;
    if !rest.is_empty() && !rest.starts_with([' ', '\t', '\n']) {
        return None;
    }
    let fits = text.len().saturating_sub(rest.len()) <= LONGEST;
    let number = if fits {
        u64::from_str_radix(digits, radix).ok()
    } else {
        None
    };
    Some((
        number.map(|number| sign * i64::try_from(number).unwrap_or(i64::MAX)),
        rest,
    ))
}
