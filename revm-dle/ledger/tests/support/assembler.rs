//! Just enough of an assembler: opcodes by name, `0x…` for immediate bytes, `name:` for a jump's target and `@name` to
//! push it.

use std::collections::HashMap;

use revm::bytecode::opcode::OpCode;

const PUSH2: u8 = 0x61;
const JUMPDEST: u8 = 0x5b;

pub(crate) fn assemble(source: &str) -> Vec<u8> {
    let mut code = Vec::new();
    let (mut labels, mut uses) = (HashMap::new(), Vec::new());
    for word in source.split_whitespace() {
        if let Some(label) = word.strip_suffix(':') {
            labels.insert(label, code.len());
            code.push(JUMPDEST);
        } else if let Some(label) = word.strip_prefix('@') {
            uses.push((label, code.len() + 1));
            code.extend([PUSH2, 0, 0]);
        } else if let Some(bytes) = word.strip_prefix("0x") {
            code.extend(hex::decode(bytes).unwrap());
        } else {
            code.push(opcode(word).unwrap_or_else(|| panic!("no opcode {word}")));
        }
    }
    for (label, at) in uses {
        let target = u16::try_from(labels[label]).unwrap();
        code[at..at + 2].copy_from_slice(&target.to_be_bytes());
    }
    code
}

fn opcode(name: &str) -> Option<u8> {
    (0..=u8::MAX).find(|byte| OpCode::new(*byte).is_some_and(|opcode| opcode.as_str() == name))
}
